import { callBack } from "../emit/call-back.ts";
import { inWordsOfV1, type Numbered } from "./errors.ts";
import type { Settings } from "./settings.ts";
import { atEndOfTurn } from "./turn.ts";
import type { AcknowledgedCallback, ClassicError, Sent } from "./types.ts";
import type { Unopened } from "./unopened.ts";

/** How an answer is waited for. */
export interface Waiting {
  /** In ms, unless the message is told otherwise. */
  readonly ackTimeout: number;
  readonly settings: Settings;
  readonly unopened: Unopened;
}

/**
 * What `sendTo` returns for a message: `within` and `ackd`, valid until the next turn. The message has left by
 * then, so it has asked for its answer; if nobody wants to know, that is dropped.
 */
export function sentOf(message: Numbered, answer: Promise<unknown>, waiting: Waiting): Sent {
  const { event } = message;
  const { ackTimeout, settings, unopened } = waiting;
  let isOver = false;
  let isAsked = false;
  let timeout: number | undefined;
  atEndOfTurn(() => {
    isOver = true;
    if (!isAsked) event.disown();
  });

  const assertValid = () => {
    if (!isOver) return;
    throw new Error(
      "within() / acknowledged() calls are only valid immediately after sending a message.",
    );
  };
  const ask = () => {
    if (isAsked) return;
    isAsked = true;
    event.limit(timeout ?? ackTimeout, timeout === undefined);
    if (event.peer.isReady(event.namespace)) return;
    const settled = unopened.add(event);
    answer.then(settled, settled);
  };
  const acknowledged = <Reply>(callback?: AcknowledgedCallback<Reply>): Promise<Reply> => {
    assertValid();
    ask();
    const acknowledgement = answer.catch((error: unknown) => {
      throw inWordsOfV1(error, message);
    }) as Promise<Reply>;
    const promise = inClass(settings.Promise, acknowledgement);
    if (typeof callback === "function") callBack(promise, callback);
    return promise;
  };
  const sent: Sent = {
    within(newTimeout) {
      assertValid();
      if (isAsked) throw new Error("within() must be called *before* acknowledged()");
      const milliseconds =
        typeof newTimeout === "number" ? newTimeout : Number.parseInt(newTimeout, 10);
      if (!milliseconds) throw new Error("Timeout must be a number");
      timeout = milliseconds;
      return sent;
    },
    acknowledged,
    ackd: acknowledged,
  };
  return sent;
}

/** The same outcome, by a promise of another class. */
function inClass<Value>(Class: PromiseConstructorLike, promise: Promise<Value>) {
  if (Class === Promise) return promise;
  const settle = (
    resolve: (value: Value | PromiseLike<Value>) => void,
    reject: (error: unknown) => void,
  ) => {
    promise.then(resolve, (error: unknown) => {
      // What is given to `reject`, bluebird takes for an error that `.error` may handle. In version 1 a time-out was none.
      if ((error as ClassicError).code === "ERR_ACK_TIMEOUT") resolve(promise);
      else reject(error);
    });
  };
  return new Class(settle) as Promise<Value>;
}
