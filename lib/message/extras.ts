import type { Place } from "../errors/bus-error.ts";
import { follow } from "../time/cancellation.ts";
import type { Inheritable } from "../time/inheritance.ts";
import { type Handle, release, takeOver, whyNotSent } from "../wire/handle.ts";
import type { EmitOptions } from "./options.ts";

/** What is asked of a message beyond its name and data; most messages have none of it. */
export class Extras {
  /** The time limit, in ms, where one was asked for, or is inherited. */
  readonly timeout: number | undefined;
  /** What was inherited: no time limit can be longer, in ms. */
  readonly #most: number;
  #hasOwnTimeout = false;
  /** Its own, and the one it inherits. */
  readonly signals: readonly AbortSignal[];
  readonly queueHandle: boolean;
  handle: Handle | undefined;
  /** Somebody may cancel it who has no signal for it. */
  mayBeCancelled = false;
  /** Where it was emitted, if errors show that. */
  caller: Place | undefined;
  #unfollow: (() => void)[] = [];
  #any: AbortController | undefined;
  /** The message has settled. */
  #isOver = false;

  constructor(options: EmitOptions = {}, from?: Inheritable) {
    const { timeout, signal, handle, queueHandle } = options;
    const remaining = from?.remaining;
    this.#most = remaining ?? Infinity;
    if (timeout !== undefined || remaining !== undefined) {
      this.timeout = this.limit(timeout ?? Infinity);
    }
    this.signals = [from?.signal, signal].filter((each) => each !== undefined);
    this.handle = handle ?? undefined;
    this.queueHandle = queueHandle === true;
  }

  /** Takes a time limit, in ms; a default does not count as set for the message. Returns the one that holds. */
  limit(timeout: number, isDefault = false): number {
    this.#hasOwnTimeout = !isDefault || this.#most !== Infinity;
    return Math.min(timeout, this.#most);
  }

  /** Whether the time limit was set for this message, and so counts for what is sent on its behalf. */
  get hasOwnTimeout(): boolean {
    return this.#hasOwnTimeout;
  }

  /** Whether there is more to tell of the message, or to know, than names and data. */
  get isSpecial(): boolean {
    const { hasOwnTimeout, isCancellable, handle, caller } = this;
    return hasOwnTimeout || isCancellable || handle !== undefined || caller !== undefined;
  }

  get isCancellable(): boolean {
    return this.mayBeCancelled || this.signals.length > 0;
  }

  /** Any of them; none if there is none. Node's `any()` would leave something on each of them, for as long as it lives. */
  get signal(): AbortSignal | undefined {
    if (this.signals.length < 2) return this.signals[0];
    if (!this.#any) {
      const any = new AbortController();
      this.#any = any;
      this.follow((reason) => any.abort(reason));
    }
    return this.#any.signal;
  }

  /** Calls `cancel` with the reason when one of the signals aborts, or has: then it follows none of them, nor once the message has settled. */
  follow(cancel: (reason: unknown) => void): void {
    const aborted = this.signals.find((signal) => signal.aborted);
    if (aborted) {
      cancel(aborted.reason);
      return;
    }
    if (this.#isOver) return;
    for (const signal of this.signals) {
      this.#unfollow.push(follow(signal, () => cancel(signal.reason)));
    }
  }

  /** Why the handle cannot be sent, if it cannot. */
  get handleFault(): string | undefined {
    return this.handle && whyNotSent(this.handle);
  }

  /** Takes the handle over from the caller. */
  takeOver(): void {
    if (this.handle) takeOver(this.handle);
  }

  /** Lets go of the handle. */
  releaseHandle(): void {
    if (this.handle) release(this.handle);
    this.handle = undefined;
  }

  /** The message has settled. */
  unfollow(): void {
    this.#isOver = true;
    for (const unfollow of this.#unfollow.splice(0)) unfollow();
  }
}
