import type { Acknowledge } from "./types.ts";

/** What a handler has acknowledged, as far as it has. */
export interface Answer {
  readonly isGiven: boolean;
  readonly promise: Promise<unknown>;
  readonly acknowledge: Acknowledge;
}

/** The `ack` of one message. Two arguments, or an Error first, are in Node's style; one other argument is the reply. */
export function answerTo(command: string): Answer {
  let isGiven = false;
  let give: (reply: unknown) => void;
  let fail: (error: unknown) => void;
  const promise = new Promise<unknown>((resolve, reject) => {
    give = resolve;
    fail = reject;
  });
  // It is looked at only where somebody waits for it.
  promise.catch(() => undefined);
  return {
    get isGiven() {
      return isGiven;
    },
    promise,
    acknowledge(...parameters) {
      if (isGiven) {
        throw new Error(
          `Acknowledgement callback invoked twice from handler for ${command}. Sounds like a bug in your handler.`,
        );
      }
      isGiven = true;
      const [first, reply] = parameters;
      if (parameters.length < 2 && !(first instanceof Error)) give(first);
      else if (first) fail(first);
      else give(reply);
    },
  };
}
