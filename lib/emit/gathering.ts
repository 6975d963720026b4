import type { BusError } from "../errors/bus-error.ts";
import { check } from "../errors/check.ts";
import type { Asker } from "../message/event-route.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import type { Peer } from "../message/peer.ts";
import { currentStretch, isCurrentStretch } from "../time/stretch.ts";
import { Arrivals } from "./arrivals.ts";
import { callBack } from "./call-back.ts";
import { assertFresh } from "./fresh.ts";

/** What became of the message to one member of a group; named as `Promise.allSettled` does. */
export type Outcome<Reply = unknown> = { readonly peer: Peer } & (
  | { readonly status: "fulfilled"; readonly value: Reply; readonly reason?: undefined }
  | { readonly status: "rejected"; readonly value?: undefined; readonly reason: BusError }
);

/** A Node-style callback for the outcomes of a group; its error is always `null`. */
export type OutcomesCallback<Reply> = (error: null, outcomes: Outcome<Reply>[]) => void;

/**
 * What `emit` to all of a group returns. Its methods belong to the same synchronous stretch as the `emit`; called later
 * they throw a `TypeError`, because by then the messages have left without a wish for answers.
 */
export class Gathering<Reply = unknown> implements AsyncIterable<Outcome<Reply>> {
  readonly #events: readonly OutboundEvent[];
  /** That of its emit, also if that went to nobody: what is wrong with some is wrong with none. */
  readonly #stretch: number = currentStretch();
  /** In the order of members, as far as they are known. */
  readonly #outcomes: (Outcome<Reply> | undefined)[];
  #open: number;
  #isAsked = false;
  #all: Promise<Outcome<Reply>[]> | undefined;
  #resolve: ((outcomes: Outcome<Reply>[]) => void) | undefined;
  #arrivals: Arrivals<Outcome<Reply>> | undefined;

  /** @internal */
  constructor(events: readonly OutboundEvent[]) {
    this.#events = events;
    this.#open = events.length;
    this.#outcomes = events.map(() => undefined);
  }

  /** Sets how long to wait for the answers, in ms, one limit for all; `Infinity` waits for ever. Before `ackd`. */
  within(timeout: number): this {
    const milliseconds = check.timeout(timeout, "within()");
    assertFresh(this.#isFresh(), "within()");
    if (this.#isAsked) throw new TypeError("within() must be called before ackd() and iterating");
    for (const event of this.#events) event.limit(milliseconds);
    return this;
  }

  /**
   * Asks for the answers, and resolves to what became of each message, in the order of members, when the last of them
   * has settled: at the end of the time at the latest. Never rejects.
   */
  ackd(callback?: OutcomesCallback<Reply>): Promise<Outcome<Reply>[]> {
    if (callback !== undefined) check.function(callback, "the callback of ackd()");
    assertFresh(this.#isFresh(), "ackd()");
    this.#all ??= new Promise((resolve) => {
      this.#resolve = resolve;
      this.#ask();
      this.#tellIfOver();
    });
    if (callback) callBack(this.#all, callback as (error: unknown, outcomes: unknown) => void);
    return this.#all;
  }

  /** The long name of `ackd`. */
  acknowledged(callback?: OutcomesCallback<Reply>): Promise<Outcome<Reply>[]> {
    return this.ackd(callback);
  }

  /**
   * Asks for the answers, and yields what became of each message as soon as it is known, each once. Leaving the loop
   * cancels what is still open: `message.signal` aborts over there.
   */
  [Symbol.asyncIterator](): AsyncIterator<Outcome<Reply>> {
    assertFresh(this.#isFresh(), "the iterator of its outcomes");
    if (this.#arrivals) throw new TypeError("the outcomes of a group can be iterated once");
    for (const event of this.#events) event.makeCancellable();
    this.#arrivals = new Arrivals(this.#events.length, () => this.#cancel());
    for (const outcome of this.#outcomes) if (outcome) this.#arrivals.add(outcome);
    this.#ask();
    return this.#arrivals;
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    for (const [index, event] of this.#events.entries()) {
      event.answerTo(new Share(index, event.peer, this.#settle));
      event.runTime();
    }
  }

  readonly #settle = (index: number, outcome: Outcome<Reply>): void => {
    this.#outcomes[index] = outcome;
    this.#open--;
    this.#arrivals?.add(outcome);
    this.#tellIfOver();
  };

  #tellIfOver(): void {
    if (this.#open === 0) this.#resolve?.(this.#outcomes as Outcome<Reply>[]);
  }

  #cancel(): void {
    for (const [index, event] of this.#events.entries()) {
      if (!this.#outcomes[index]) event.cancel("nobody waits for its outcome any more");
    }
  }

  #isFresh(): boolean {
    return isCurrentStretch(this.#stretch) && this.#events.every(({ isFresh }) => isFresh);
  }
}

/** The part of one member in the outcomes of its group. */
class Share<Reply> implements Asker<OutboundEvent> {
  readonly #index: number;
  readonly #peer: Peer;
  readonly #settle: (index: number, outcome: Outcome<Reply>) => void;

  constructor(index: number, peer: Peer, settle: (index: number, outcome: Outcome<Reply>) => void) {
    this.#index = index;
    this.#peer = peer;
    this.#settle = settle;
  }

  fulfilled(value: unknown): void {
    const outcome = { peer: this.#peer, status: "fulfilled", value: value as Reply } as const;
    this.#settle(this.#index, outcome);
  }

  rejected(reason: BusError): void {
    this.#settle(this.#index, { peer: this.#peer, status: "rejected", reason });
  }
}
