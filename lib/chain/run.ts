import type { Message } from "../message/message.ts";

/**
 * Runs the rest of the chain. Resolves when all further layers have settled, and throws at once what a
 * synchronous layer throws: catch it around `await next()`, not with `next().catch()`.
 */
export type Next = () => Promise<void>;

/**
 * One layer of the onion, as in Koa: what it does before `next()` happens on the way in, what it
 * does after `await next()` on the way back. Not calling `next` drops the message.
 */
export type Middleware = (message: Message, next: Next) => unknown;

/** What a layer may tell about itself. Plain functions need nothing of this. */
export interface Layer extends Middleware {
  /** Takes the place of the built-in of that name, at its place in the onion. */
  readonly slot?: Slot;
  /** The crossings the layer has something to do at; without it, all of them. */
  readonly crossings?: readonly Crossing[];
  /** Whether it would only call `next()` for that message; then it is not entered. */
  readonly skips?: (message: Message) => boolean;
  /** Instead of being entered it is told when everything behind it has settled, with what that threw. */
  readonly ends?: (message: Message, thrown?: { cause: unknown }) => void;
  /** Called by `emit`, before the chain; what it throws is thrown at the caller. */
  readonly guard?: (message: Message) => void;
}

/** The built-in layers. */
export type Slot = "fdGuard" | "ackTracking" | "namespacing" | "queueing" | "logging";

/** What is special about a built-in layer, whose messages are of one class. */
interface Specialty<Crosses extends Message> {
  readonly crossings?: readonly Crossing[] | undefined;
  readonly skips?: (message: Crosses) => boolean;
  readonly ends?: (message: Crosses, thrown?: { cause: unknown }) => void;
  readonly guard?: (message: Message) => void;
}

/** Makes a built-in layer of a function. */
export function builtin<Crosses extends Message>(
  slot: Slot,
  layer: (message: Crosses, next: Next) => unknown,
  specialty: Specialty<Crosses> = {},
): Layer {
  return Object.assign(layer as Middleware, { slot, ...specialty }) as Layer;
}

/** A direction and a kind. */
export type Crossing = `${Message["direction"]} ${Message["kind"]}`;

/** What stands at the end of a chain: the link on the way out, the listeners on the way in. */
export type Terminal = (message: Message) => Promise<void> | undefined;

/** What `next()` returns if nothing behind it waited: the rest of the chain is over already. */
export const completed: Promise<void> = Promise.resolve();

/**
 * Runs a message through the layers and the terminal behind them; the only place where `next` is made.
 * After koa-compose, but synchronous until a layer really waits: then, and only then, it returns a promise.
 *
 * It settles when every layer has, also one whose promise nobody awaited, so that no rejection gets lost.
 */
export function run(
  layers: readonly Layer[],
  message: Message,
  terminal: Terminal,
): Promise<void> | undefined {
  return pass({ layers, message, terminal }, 0);
}

/** A message, and what is before it. */
interface Way {
  readonly layers: readonly Layer[];
  readonly message: Message;
  readonly terminal: Terminal;
}

/** From a layer on: past those that have nothing to do, into the next one, or to the terminal. */
function pass(way: Way, from: number): Promise<void> | undefined {
  const { layers, message } = way;
  for (let index = from; index < layers.length; index++) {
    const layer = layers[index];
    if (layer === undefined || layer.skips?.(message)) continue;
    return layer.ends ? outlast(way, index, layer.ends) : enter(way, index, layer);
  }
  return way.terminal(message);
}

/** A layer that only wants to know how the rest ended. */
function outlast(
  way: Way,
  index: number,
  ends: NonNullable<Layer["ends"]>,
): Promise<void> | undefined {
  const { message } = way;
  let rest: Promise<void> | undefined;
  try {
    rest = pass(way, index + 1);
  } catch (cause) {
    ends(message, { cause });
    return undefined;
  }
  if (!rest) {
    ends(message);
    return undefined;
  }
  return rest.then(
    () => ends(message),
    (cause: unknown) => ends(message, { cause }),
  );
}

/** The message enters a layer, which goes on until it and the rest behind it have settled. */
function enter(way: Way, index: number, layer: Layer): Promise<void> | undefined {
  let state: "entered" | "passed" | "over" = "entered";
  /** The rest behind the layer, as long as it goes on. */
  let rest: Promise<void> | undefined;
  let result: unknown;
  way.message.layer = layer;
  try {
    result = layer(way.message, () => {
      if (state !== "entered") return refuse(state, way, index);
      state = "passed";
      rest = pass(way, index + 1);
      if (rest === undefined) return completed;
      const settled = () => {
        rest = undefined;
      };
      // A rejection that its layer does not await must not go unhandled.
      rest.then(settled, settled);
      return rest;
    });
  } catch (error) {
    state = "over";
    throw error;
  }
  if (result !== completed && isThenable(result)) {
    return outlive(
      result,
      () => rest,
      () => {
        state = "over";
      },
    );
  }
  if (rest === undefined) state = "over";
  return rest;
}

/** The second call of a `next()`, or one that comes when its layer has settled. */
function refuse(state: "passed" | "over", { layers }: Way, index: number): Promise<void> {
  const layer = nameOf(layers[index]);
  if (state === "passed") throw new Error(`next() was called twice in ${layer}`);
  // The message was dropped, and answered, when its layer settled: too late to send it on.
  const rejected = Promise.reject(
    new Error(`next() was called after ${layer} had settled; await what you wait for`),
  );
  rejected.catch(() => undefined);
  return rejected;
}

async function outlive(
  layer: PromiseLike<unknown>,
  rest: () => Promise<void> | undefined,
  end: () => void,
): Promise<void> {
  try {
    await layer;
    await rest();
  } finally {
    end();
  }
}

/** What to call a layer in a text. */
export function nameOf(layer: Middleware | undefined): string {
  return layer?.name ? `middleware "${layer.name}"` : "an unnamed middleware";
}

/** Whether a value settles later. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
