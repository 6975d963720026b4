import { AsyncLocalStorage } from "node:async_hooks";

/** What a message sent from inside a listener inherits from the message that is being handled. */
export interface Inheritable {
  /** Milliseconds left of an explicit deadline. */
  readonly remaining: number | undefined;
  readonly signal: AbortSignal;
}

const handled = new AsyncLocalStorage<Inheritance>();
/** Looking into a storage that nobody has entered is not free either. */
let isUsed = false;

/**
 * What the context of a message's listeners holds. What they start and leave behind keeps it as long as that
 * lives; so it lets go of the message when they have settled. Only for messages that have something to inherit.
 */
export class Inheritance {
  #from: Inheritable | undefined;

  constructor(from: Inheritable) {
    this.#from = from;
  }

  /** The message that is being handled; nothing is inherited once its listeners have settled. */
  get from(): Inheritable | undefined {
    return this.#from;
  }

  /** Runs a listener so that what it sends inherits. */
  run<Result>(listener: () => Result): Result {
    isUsed = true;
    return handled.run(this, listener);
  }

  end(): void {
    this.#from = undefined;
  }
}

/** The message being handled, if what is sent now inherits from it. */
export function inherited(): Inheritable | undefined {
  return isUsed ? handled.getStore()?.from : undefined;
}
