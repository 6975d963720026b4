import { startTimer } from "./context.ts";

/** Something with a time limit. The links and the bucket belong to `Deadlines` alone. */
export interface Expiring {
  /** Called once, when the time is over and the entry was not removed before. */
  expire(): void;
  bucket: number;
  earlier: Expiring | undefined;
  later: Expiring | undefined;
}

/** Milliseconds per bucket: how late, beside the delays of the loop, an expiry may come. */
const RESOLUTION = 4;
/** The clock looks at least this often (ms), so that a blocked loop is noticed. */
const BEAT = 25;
/** A beat that comes later than this (ms) was held up by a blocked loop. */
const TOLERANCE = 25;
/** Timeouts above this many ms (24 days, the most that Node's own timers take) are clamped to it. */
export const MAX_TIMEOUT: number = 2 ** 31 - 1;

/**
 * All time limits of a bus, in buckets of a few milliseconds on one timer: ten thousand
 * pending acks are ten thousand links in a list, not ten thousand timers.
 *
 * The clock counts only time in which the event loop was running: a beat that comes far too
 * late counts for no more than what was asked of it. And nothing expires before the
 * loop has had one chance to read what had already arrived.
 */
export class Deadlines {
  readonly #buckets = new Map<number, Expiring>();
  #count = 0;
  /** Entries without a limit: they only keep the process alive, for which the clock need not run. */
  #unlimited = 0;
  /** Milliseconds the loop has been running, as counted at the last beat. */
  #running = 0;
  #lastBeat = 0;
  #nextDelay = BEAT;
  #timer: NodeJS.Timeout | undefined;
  #waiting: NodeJS.Timeout | undefined;
  /** The last bucket known to be empty, and over. */
  #swept = 0;
  /** What is about to look for those that are due: a faked one may be gone without having run. */
  #expiring: typeof setImmediate | undefined;

  /** Starts the time of an entry, in ms; `Infinity` never expires. The process stays alive until it is removed. */
  add(entry: Expiring, timeout: number): void {
    if (timeout === Infinity) {
      this.#unlimited++;
      entry.bucket = Infinity;
      if (this.#unlimited === 1) this.#wait();
      return;
    }
    if (this.#count === 0) this.#start();
    this.#count++;
    const elapsed = performance.now() - this.#lastBeat;
    const at = this.#running + this.#counted(elapsed) + Math.min(timeout, MAX_TIMEOUT);
    const bucket = Math.max(Math.ceil(at / RESOLUTION), this.#swept + 1);
    const head = this.#buckets.get(bucket);
    entry.bucket = bucket;
    entry.earlier = undefined;
    entry.later = head;
    if (head) head.earlier = entry;
    this.#buckets.set(bucket, entry);
    const isDueFirst = bucket * RESOLUTION < this.#running + this.#nextDelay;
    if (isDueFirst || this.#isLate(elapsed)) this.#hurry(bucket);
  }

  /** Ends the time of an entry. Removing it twice, or one that was never added, does nothing. */
  remove(entry: Expiring): void {
    if (entry.bucket === 0) return;
    if (entry.bucket === Infinity) {
      this.#unlimited--;
      if (this.#unlimited === 0) this.#waiting?.unref();
    } else {
      this.#count--;
      if (entry.earlier) entry.earlier.later = entry.later;
      else if (entry.later) this.#buckets.set(entry.bucket, entry.later);
      else this.#buckets.delete(entry.bucket);
      if (entry.later) entry.later.earlier = entry.earlier;
      entry.earlier = entry.later = undefined;
    }
    entry.bucket = 0;
    if (this.#count === 0) this.#timer?.unref();
  }

  /** Entries that have not expired, and were not removed. */
  get size(): number {
    return this.#count + this.#unlimited;
  }

  /** Milliseconds an entry has left; `Infinity` where it has no limit. */
  remaining(entry: Expiring): number {
    if (entry.bucket === 0 || entry.bucket === Infinity) return Infinity;
    return Math.min(Math.max(0, entry.bucket * RESOLUTION - this.#now()), MAX_TIMEOUT);
  }

  #now(): number {
    return this.#running + this.#counted(performance.now() - this.#lastBeat);
  }

  /** What counts of the ms since the last beat; by one rule for beats and entries, or a late beat would take time from an entry. */
  #counted(elapsed: number): number {
    return this.#isLate(elapsed) ? Math.min(this.#nextDelay, Math.max(0, elapsed)) : elapsed;
  }

  /** The beat is overdue, or will never come: timers that a test had faked take it along when they go. */
  #isLate(elapsed: number): boolean {
    return elapsed < 0 || elapsed > this.#nextDelay + TOLERANCE;
  }

  /** Keeps the process alive, and does nothing: a beat would cost a part of a processor, for nobody. */
  #wait(): void {
    if (this.#waiting) {
      this.#waiting.ref();
      return;
    }
    this.#waiting = startTimer(() => {
      this.#waiting = undefined;
      if (this.#unlimited > 0) this.#wait();
    }, MAX_TIMEOUT);
  }

  #start(): void {
    if (this.#timer) {
      this.#timer.ref();
      return;
    }
    this.#lastBeat = performance.now();
    this.#schedule(BEAT);
  }

  #schedule(delay: number): void {
    this.#nextDelay = delay;
    this.#timer = startTimer(this.#beat, delay);
  }

  /** An entry is due before the next beat: take in the time so far and beat earlier. */
  #hurry(bucket: number): void {
    this.#running = this.#now();
    this.#lastBeat = performance.now();
    clearTimeout(this.#timer);
    this.#schedule(Math.min(BEAT, Math.max(1, Math.ceil(bucket * RESOLUTION - this.#running))));
  }

  readonly #beat = (): void => {
    const now = performance.now();
    this.#running += this.#counted(now - this.#lastBeat);
    this.#lastBeat = now;
    if (this.#count === 0) {
      this.#timer = undefined;
      return;
    }
    if (this.#expiring !== setImmediate && this.#isAnyDue()) {
      this.#expiring = setImmediate;
      // What has arrived is read in the poll phase between this timer and the immediate.
      setImmediate(() => {
        this.#expiring = undefined;
        this.#expireDue();
      });
    }
    this.#schedule(this.#untilNext());
  };

  #isAnyDue(): boolean {
    for (let bucket = this.#swept + 1; bucket <= this.#running / RESOLUTION; bucket++) {
      if (this.#buckets.has(bucket)) return true;
      this.#swept = bucket;
    }
    return false;
  }

  #expireDue(): void {
    while (this.#isAnyDue()) {
      const entry = this.#buckets.get(this.#swept + 1);
      if (!entry) continue;
      this.remove(entry);
      entry.expire();
    }
  }

  #untilNext(): number {
    const first = Math.floor(this.#running / RESOLUTION) + 1;
    const last = Math.floor((this.#running + BEAT) / RESOLUTION);
    for (let bucket = first; bucket <= last; bucket++) {
      if (this.#buckets.has(bucket)) {
        return Math.max(1, Math.ceil(bucket * RESOLUTION - this.#running));
      }
    }
    return BEAT;
  }
}
