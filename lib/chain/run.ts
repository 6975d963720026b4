import type { Message } from "../message/message.ts";
import { nameOf } from "../message/refusal.ts";
import type { Layer, Terminal } from "./layer.ts";

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
interface Passage {
  readonly layers: readonly Layer[];
  readonly message: Message;
  readonly terminal: Terminal;
}

/** From a layer on: past those that have nothing to do, into the next one, or to the terminal. */
function pass(passage: Passage, from: number): Promise<void> | undefined {
  const { layers, message } = passage;
  for (let index = from; index < layers.length; index++) {
    const layer = layers[index];
    if (layer === undefined || layer.skips?.(message)) continue;
    return layer.ends ? tellEnd(passage, index, layer.ends) : enter(passage, index, layer);
  }
  return passage.terminal(message);
}

/** A layer that only wants to know how the rest ended. */
function tellEnd(
  passage: Passage,
  index: number,
  ends: NonNullable<Layer["ends"]>,
): Promise<void> | undefined {
  const { message } = passage;
  let rest: Promise<void> | undefined;
  try {
    rest = pass(passage, index + 1);
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
function enter(passage: Passage, index: number, layer: Layer): Promise<void> | undefined {
  let state: "entered" | "passed" | "over" = "entered";
  /** The rest behind the layer, as long as it goes on. */
  let rest: Promise<void> | undefined;
  let result: unknown;
  passage.message.layer = layer;
  try {
    result = layer(passage.message, () => {
      if (state !== "entered") return refuseNext(state, passage, index);
      state = "passed";
      rest = pass(passage, index + 1);
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
    return untilSettled(
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
function refuseNext(state: "passed" | "over", { layers }: Passage, index: number): Promise<void> {
  const layer = nameOf(layers[index]);
  if (state === "passed") throw new Error(`next() was called twice in ${layer}`);
  // The message was dropped, and answered, when its layer settled: too late to send it on.
  const rejected = Promise.reject(
    new Error(`next() was called after ${layer} had settled; await what you wait for`),
  );
  rejected.catch(() => undefined);
  return rejected;
}

async function untilSettled(
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

/** Whether a value settles later. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
