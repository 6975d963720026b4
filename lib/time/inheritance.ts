import { AsyncLocalStorage } from "node:async_hooks";

/** What a message sent from inside a listener inherits from the message that is being handled. */
export interface Inheritable {
  /** Its listeners have settled: nothing is inherited any more. */
  readonly isSettled: boolean;
  /** Milliseconds left of an explicit deadline. */
  readonly remaining: number | undefined;
  readonly signal: AbortSignal;
}

const handled = new AsyncLocalStorage<Inheritable>();
/** Looking into a storage that nobody has entered is not free either. */
let isUsed = false;

/** Runs a listener so that what it sends inherits. Only for messages that have something to inherit. */
export function inheriting<Result>(from: Inheritable, listener: () => Result): Result {
  isUsed = true;
  return handled.run(from, listener);
}

/** The message being handled, if what is sent now inherits from it. */
export function inherited(): Inheritable | undefined {
  if (!isUsed) return undefined;
  const from = handled.getStore();
  return from && !from.isSettled ? from : undefined;
}
