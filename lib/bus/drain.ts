import { startTimer } from "../time/context.ts";
import { MAX_TIMEOUT } from "../time/deadlines.ts";
import { warn } from "./lifecycle.ts";

/** A close that has waited so long, in ms, says for what. */
const LONG = 1000;
/** It names so many things at most. */
const MOST_NAMED = 10;

/** What a drain asks of the bus it belongs to. */
interface DrainBus {
  /** What is waited for, in words. */
  waitsFor(): string[];
  /** Its time is over: whoever waits may look again. */
  progressed(): void;
}

/** The time that one close, of a bus or of a namespace, may take. */
export class Drain {
  /** Resolves when it is closed. */
  readonly over: Promise<void>;
  /** It waits no longer. */
  isOver = false;
  readonly #what: string;
  readonly #bus: DrainBus;
  readonly #startedAt: number = performance.now();
  readonly #warning: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #endsAt = Infinity;

  constructor(what: string, bus: DrainBus, close: (drain: Drain) => Promise<void>) {
    this.#what = what;
    this.#bus = bus;
    this.#warning = startTimer(() => this.#warn(), LONG).unref();
    this.over = close(this);
  }

  /** It may take so many ms from now, if that is less than it may take already. */
  shorten(timeout: number): void {
    const endsAt = performance.now() + timeout;
    if (this.isOver || timeout > MAX_TIMEOUT || endsAt >= this.#endsAt) return;
    this.#endsAt = endsAt;
    clearTimeout(this.#timer);
    this.#timer = startTimer(() => {
      this.isOver = true;
      this.#bus.progressed();
    }, timeout);
  }

  /** There is nothing to wait for any more, or no time. */
  end(): void {
    this.isOver = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#warning);
  }

  #warn(): void {
    const things = [...new Set(this.#bus.waitsFor())];
    if (things.length === 0) return;
    const more = things.length - MOST_NAMED;
    const named = [...things.slice(0, MOST_NAMED), ...(more > 0 ? [`${more} more`] : [])];
    const waited = Math.round(performance.now() - this.#startedAt);
    warn(
      `the close of ${this.#what} has waited ${waited} ms for ${named.join(", ")}`,
      "CLOSE_WAITS",
      "A listener that awaits close() waits for itself: let it go on without. With { timeout } a close gives up earlier.",
    );
  }
}
