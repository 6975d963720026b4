import { follow } from "../time/cancellation.ts";
import type { Inheritable } from "../time/inheritance.ts";
import type { Handle } from "../wire/handle.ts";
import type { EmitOptions } from "./options.ts";

/** What is asked of a message beyond its name and data; most messages have none of it. */
export class Extras {
  /** No time limit can be longer than what was inherited, in ms. */
  readonly most: number;
  /** What the caller wants, in ms. */
  readonly timeout: number | undefined;
  /** Whether the time limit was set for this message, and so counts for what is sent on its behalf. */
  hasOwnTimeout = false;
  /** Its own, and the one it inherits. */
  readonly signals: readonly AbortSignal[];
  readonly queueHandle: boolean;
  handle: Handle | undefined;
  #unfollow: (() => void)[] = [];

  constructor(options: EmitOptions, from: Inheritable | undefined) {
    const { timeout, signal, handle, queueHandle } = options;
    this.most = from?.remaining ?? Infinity;
    this.timeout = timeout ?? (this.most === Infinity ? undefined : Infinity);
    this.signals = [from?.signal, signal].filter((each) => each !== undefined);
    this.handle = handle ?? undefined;
    this.queueHandle = queueHandle === true;
  }

  get isCancellable(): boolean {
    return this.signals.length > 0;
  }

  /** Any of them; none if there is none. */
  get signal(): AbortSignal | undefined {
    return this.signals.length > 1 ? AbortSignal.any([...this.signals]) : this.signals[0];
  }

  /** Calls `cancel` with the reason when one of the signals aborts, or has. */
  follow(cancel: (reason: unknown) => void): void {
    for (const signal of this.signals) {
      if (signal.aborted) cancel(signal.reason);
      else this.#unfollow.push(follow(signal, () => cancel(signal.reason)));
    }
  }

  /** The message has settled. */
  unfollow(): void {
    for (const unfollow of this.#unfollow.splice(0)) unfollow();
  }
}
