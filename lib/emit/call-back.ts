import { native } from "../time/native.ts";

/**
 * Tells a Node-style callback how a promise settles. By nextTick, so that what the callback throws is an uncaught
 * exception of its own, and not taken for a rejection.
 */
export function callBack<Reply, Failure>(
  promise: Promise<Reply>,
  callback: (error: Failure | null, reply?: Reply) => void,
): void {
  promise.then(
    (reply) => native.nextTick(callback, null, reply),
    (error: unknown) => native.nextTick(callback, error as Failure),
  );
}
