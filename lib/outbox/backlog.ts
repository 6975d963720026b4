import type { OutboundMessage } from "../message/outbound.ts";
import type { Serialization } from "../wire/serialization.ts";
import { estimateSize } from "../wire/size.ts";
import { type Snapshot, takeSnapshot } from "../wire/snapshot.ts";

/** Bounds of a bus, in bytes a peer. */
export interface Limits {
  /**
   * What may wait for a peer, and be unwritten, in bytes: 16 MiB by default. Beyond it `ERR_QUEUE_FULL`. The channel
   * is given half of it at a time, and no more than 64 frames.
   */
  pending: number;
  /** What one message that has to wait may take, in bytes: 64 MiB by default. Beyond it `ERR_TOO_LARGE`. */
  message: number;
}

/** What a waiting message takes in memory beside its payload, in bytes. */
const OVERHEAD = 32;
/** The short failures that stand for replies without room may fill this many times the room. */
const OVERDRAFT = 1.25;
/** A peer is not writable any more when a quarter of the room is taken, and drained at an eighth. */
const HIGH = 4;
/** Of the room as much may be given to the channel: 8 MiB by default. */
const WINDOW = 2;
/** Of the room as much may be sent in one tick without being counted: 4 MiB by default. */
const BURST = 4;
const LOW = 8;

/** What the backlog asks of its peer. */
interface BacklogPeer {
  readonly id: string;
  readonly serialization: Serialization;
}

/** What waits for one peer, in bytes and within bounds: until its namespace is ready, or until it can be written. */
export class Backlog {
  #waiting = 0;
  #unwritten = 0;
  #drained: (() => void)[] = [];
  readonly #peer: BacklogPeer;
  readonly #limits: Limits;

  constructor(peer: BacklogPeer, limits: Limits) {
    this.#peer = peer;
    this.#limits = limits;
  }

  /**
   * Lets a message wait: reads its data now, and counts its bytes until it is written or settled. If
   * it cannot wait it is settled, and no other is touched.
   */
  reserve(message: OutboundMessage, bytes: number = this.#limits.pending): boolean {
    if (message.reserved > 0) return true;
    const { payload } = message;
    // What certainly has no room need not be encoded first.
    const least = typeof payload === "string" ? payload.length : 0;
    if (this.#isFull(message, least, bytes)) return false;
    let snapshot: Snapshot;
    try {
      snapshot = takeSnapshot(this.#peer.serialization, payload);
    } catch (cause) {
      message.unencodable(cause);
      return false;
    }
    const { size } = snapshot;
    if (!this.fits(message, size) || !this.#take(message, size, bytes)) return false;
    message.snapshot = snapshot;
    return true;
  }

  /** The same for a message whose data may still change: its size is a guess, and it is read later. */
  claim(message: OutboundMessage): boolean {
    return this.#take(message, estimateSize(message.payload), this.#limits.pending);
  }

  /** Whether a message of that size, in bytes, may be sent at all. If not it is settled. */
  fits(message: OutboundMessage, size: number): boolean {
    const most = this.#limits.message;
    if (size <= most || message.mayOverdraw) return true;
    message.noRoom("ERR_TOO_LARGE", `it takes ${size} bytes, limits.message is ${most}`);
    return false;
  }

  #take(message: OutboundMessage, size: number, bytes: number): boolean {
    if (this.#isFull(message, size, bytes)) return false;
    message.reserved = size + OVERHEAD;
    this.#waiting += message.reserved;
    return true;
  }

  /** Whether there is no room for so many bytes more; then the message is settled. */
  #isFull(message: OutboundMessage, size: number, bytes: number): boolean {
    const needed = size + OVERHEAD;
    // One message may be larger than what may wait in all, as long as it waits alone.
    const isFull = message.mayOverdraw
      ? this.#waiting > 0 && this.#waiting + needed > bytes * OVERDRAFT
      : (this.#waiting > 0 && this.#waiting + needed > bytes) ||
        (this.#taken > 0 && this.#taken + needed > this.#limits.pending);
    if (isFull) {
      const why = `${this.#taken} of ${bytes} bytes wait for ${this.#peer.id} already`;
      message.noRoom("ERR_QUEUE_FULL", `${why}; send less at a time, or raise limits.pending`);
    }
    return isFull;
  }

  /** Bytes that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Bytes that were given to the channel, and not taken by the system. */
  get unwritten(): number {
    return this.#unwritten;
  }

  /** So many bytes were given to the channel. */
  give(bytes: number): void {
    this.#unwritten += bytes;
  }

  /** The system has taken them, or the channel has given them back. */
  took(bytes: number): void {
    this.#unwritten -= bytes;
    this.#moved();
  }

  /** A message does not wait any more. */
  release(message: OutboundMessage): void {
    const { reserved } = message;
    message.reserved = 0;
    this.leave(reserved);
  }

  /** So many bytes do not wait any more. */
  leave(bytes: number): void {
    this.#waiting -= bytes;
    this.#moved();
  }

  /** Less waits than before. */
  #moved(): void {
    if (this.#drained.length > 0 && this.#taken <= this.#limits.pending / LOW) this.close();
  }

  get #taken(): number {
    return this.#waiting + this.unwritten;
  }

  /** Bytes that may be given to the channel before the system has taken any of them. */
  get window(): number {
    return this.#limits.pending / WINDOW;
  }

  /** Bytes that may be on their way within one tick. */
  get burst(): number {
    return this.#limits.pending / BURST;
  }

  /** Whether so little waits that a careful sender need not hold back. */
  get isWide(): boolean {
    return this.#taken < this.#limits.pending / HIGH;
  }

  /** Resolves when most of what waits has gone, or there is no sense in waiting. */
  drained(): Promise<void> {
    if (this.isWide) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** Lets go whoever waits for room. */
  close(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}
