import type { BusError } from "../errors/bus-error.ts";
import { check } from "../errors/check.ts";
import { callBack } from "./call-back.ts";
import { assertFresh } from "./fresh.ts";

/** A Node-style callback for an ack. */
export type AckCallback<Reply> = (error: BusError | null, reply?: Reply) => void;

/** What a receipt asks of what was emitted. */
interface ReceiptEvent {
  /** Whether `within` and `ackd` may still be called. */
  readonly isFresh: boolean;
  readonly wantsAck: boolean;
  limit(milliseconds: number): void;
  acknowledged(): Promise<unknown>;
}

/**
 * What `emit` returns. Its methods belong to the same synchronous stretch as the `emit`; called
 * later they throw a `TypeError`, because by then the message has left without a wish for an answer.
 */
export class Receipt<Reply = unknown> {
  readonly #event: ReceiptEvent;

  /** @internal */
  constructor(event: ReceiptEvent) {
    this.#event = event;
  }

  /** Sets how long to wait for the ack, in ms; `Infinity` waits for ever. Before `ackd`. */
  within(timeout: number): this {
    const milliseconds = check.timeout(timeout, "within()");
    assertFresh(this.#event.isFresh, "within()");
    if (this.#event.wantsAck) throw new TypeError("within() must be called before ackd()");
    this.#event.limit(milliseconds);
    return this;
  }

  /**
   * Asks for an answer, and resolves to it. Rejects with a `BusError`, whose `executed` says whether a
   * listener has run. With a callback it tells that as well, after the current operation.
   */
  ackd(callback?: AckCallback<Reply>): Promise<Reply> {
    if (callback !== undefined) check.function(callback, "the callback of ackd()");
    assertFresh(this.#event.isFresh, "ackd()");
    const acknowledged = this.#event.acknowledged() as Promise<Reply>;
    if (callback) callBack(acknowledged, callback);
    return acknowledged;
  }

  /** The long name of `ackd`. */
  acknowledged(callback?: AckCallback<Reply>): Promise<Reply> {
    return this.ackd(callback);
  }
}
