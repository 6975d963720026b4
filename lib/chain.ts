import type { Message } from "./message.ts";

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
  /** Called by `emit`, before the chain; what it throws is thrown at the caller. */
  readonly guard?: (message: Message) => void;
}

/** The built-in layers. */
export type Slot = "fdGuard" | "ackTracking" | "namespacing" | "queueing" | "logging";

/** Makes a built-in layer of a function. */
export function builtin<Crosses extends Message>(
  slot: Slot,
  crossings: readonly Crossing[] | undefined,
  layer: (message: Crosses, next: Next) => unknown,
  guard?: (message: Message) => void,
): Layer {
  return Object.assign(layer as Middleware, {
    slot,
    ...(crossings && { crossings }),
    ...(guard && { guard }),
  });
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
  layers: readonly Middleware[],
  message: Message,
  terminal: Terminal,
): Promise<void> | undefined {
  if (layers.length === 0) return terminal(message);
  let unawaited: Set<Promise<void>> | undefined;
  let over = false;

  function step(index: number): Promise<void> | undefined {
    const layer = layers[index];
    if (layer === undefined) return terminal(message);
    let called = false;
    message.layer = layer;
    const result = layer(message, function next() {
      if (over) return tooLate(layer);
      if (called) throw new Error(`next() was called twice in ${nameOf(layer)}`);
      called = true;
      const rest = step(index + 1);
      if (rest === undefined) return completed;
      keep(rest);
      return rest;
    });
    return result === completed || !isThenable(result) ? undefined : (result as Promise<void>);
  }

  /** A rejection that its layer does not await must not go unhandled. */
  function keep(rest: Promise<void>): void {
    unawaited ??= new Set();
    const open = unawaited.add(rest);
    const settled = () => open.delete(rest);
    rest.then(settled, settled);
  }

  async function outlast(first: Promise<void> | undefined): Promise<void> {
    try {
      await first;
      for (const rest of unawaited ?? []) await rest;
    } finally {
      over = true;
    }
  }

  try {
    const first = step(0);
    if (first === undefined && !unawaited?.size) over = true;
    else return outlast(first);
  } catch (error) {
    over = true;
    throw error;
  }
}

/** The message was dropped, and answered, when its layer settled: too late to send it on. */
function tooLate(layer: Middleware): Promise<void> {
  const rejected = Promise.reject(
    new Error(`next() was called after ${nameOf(layer)} had settled; await what you wait for`),
  );
  rejected.catch(() => undefined);
  return rejected;
}

/** What to call a layer in a text. */
export function nameOf(layer: Middleware | undefined): string {
  return layer?.name ? `middleware "${layer.name}"` : "an unnamed middleware";
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value;
}
