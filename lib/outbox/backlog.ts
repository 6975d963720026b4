import type { Serialization } from "../wire/serialization.ts";
import { holdOf, type SharedPayload } from "../wire/shared-payload.ts";
import { measureAtLeast } from "../wire/size.ts";
import { isMeasured, isWithin, type Snapshot } from "../wire/snapshot.ts";
import type { Limits } from "./limits.ts";

/** What a waiting message takes in memory beside its payload, in bytes, where it is text. */
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
  /** Something waits from now on, or nothing does. */
  waits(isWaiting: boolean): void;
  readonly serialization: Serialization;
}

/** What the backlog asks of what waits. */
export interface Reserving {
  /** Bytes it counts for, as long as it waits. */
  reserved: number;
  readonly payload: unknown;
  readonly shared: SharedPayload | undefined;
  snapshot: Snapshot | undefined;
  size: number;
  /** It has settled. */
  readonly abandoned: boolean;
  /** Whether it may take a little more room than there is. */
  readonly mayOverdraw: boolean;
  /** It would have to wait, and there is no room for it. */
  noRoom(code: "ERR_QUEUE_FULL" | "ERR_TOO_LARGE", why: string): void;
  unencodable(cause: unknown): void;
}

/** What waits for all peers of a bus together. */
export class Total {
  /** Bytes that wait, or were given to channels and not taken by the system. */
  taken = 0;
  /** Who waits for room. */
  readonly watchers: Set<Backlog> = new Set();
}

/** What waits for one peer, in bytes and within bounds: until its namespace is ready, or until it can be written. */
export class Backlog {
  #waiting = 0;
  #unwritten = 0;
  #isClosed = false;
  #drained: (() => void)[] = [];
  /** Its peer is not there yet: nothing leaves. */
  #isEarly = true;
  /** Nothing goes to its peer any more: there is no sense in waiting. */
  #isOver = false;
  readonly #peer: BacklogPeer;
  readonly #limits: Readonly<Limits>;
  readonly #total: Total;
  readonly #overhead: number;

  constructor(
    peer: BacklogPeer,
    limits: Readonly<Limits>,
    total: Total,
    overhead: number = OVERHEAD,
  ) {
    this.#overhead = overhead;
    this.#peer = peer;
    this.#limits = limits;
    this.#total = total;
  }

  /**
   * Lets a message wait: reads its data now, if that was not done, and counts its bytes until it is written or settled. If
   * it cannot wait it is settled, and no other is touched.
   */
  reserve(message: Reserving, bytes: number = this.#limits.pending): boolean {
    if (message.reserved > 0) return true;
    // What certainly has no room need not be encoded first.
    const { payload } = message;
    const least = typeof payload === "string" ? payload.length : 0;
    if (this.#isFull(message, least, bytes)) return false;
    const { serialization } = this.#peer;
    if (!this.#read(message, () => holdOf(message, serialization, message.snapshot))) return false;
    const size = message.snapshot?.size ?? 0;
    return this.fits(message) && this.#take(message, size, bytes);
  }

  /** Lets a message wait whose data is still to be read, as its layers may change it: only what can be seen of it counts. */
  claim(message: Reserving): boolean {
    return this.#take(message, measureAtLeast(message.payload), this.#limits.pending);
  }

  /**
   * Whether a message that has been read may be sent at all. If not it is settled; not before it was measured, if
   * its size was only about right.
   */
  fits(message: Reserving): boolean {
    const most = this.#limits.message;
    const { snapshot } = message;
    if (!snapshot || message.mayOverdraw || isWithin(snapshot, most)) return true;
    if (!isMeasured(snapshot)) {
      const { serialization } = this.#peer;
      if (!this.#read(message, () => holdOf(message, serialization, snapshot))) return false;
    }
    const size = message.snapshot?.size ?? 0;
    if (size <= most) return true;
    message.noRoom("ERR_TOO_LARGE", `it takes ${size} bytes, limits.message is ${most}`);
    return false;
  }

  /** Returns whether the message can be encoded, and is still there: reading it may run code of the user's. */
  #read(message: Reserving, take: () => Snapshot): boolean {
    try {
      const snapshot = take();
      message.snapshot = snapshot;
      message.size = snapshot.size;
    } catch (cause) {
      message.unencodable(cause);
      return false;
    }
    return !message.abandoned;
  }

  #take(message: Reserving, size: number, bytes: number): boolean {
    if (this.#isFull(message, size, bytes)) return false;
    message.reserved = size + this.#overhead;
    if (this.#waiting === 0) this.#peer.waits(true);
    this.#waiting += message.reserved;
    this.#count(message.reserved);
    return true;
  }

  /** Whether there is no room for so many bytes more; then the message is settled. */
  #isFull(message: Reserving, size: number, bytes: number): boolean {
    const why = this.#lackOfRoom(size + this.#overhead, bytes, message.mayOverdraw ? OVERDRAFT : 1);
    if (why) message.noRoom("ERR_QUEUE_FULL", why);
    return why !== undefined;
  }

  /** One message may be larger than what may wait in all, as long as it waits alone. */
  #lackOfRoom(needed: number, bytes: number, overdraft: number): string | undefined {
    const { pending, total } = this.#limits;
    const isFull =
      (this.#waiting > 0 && this.#waiting + needed > bytes * overdraft) ||
      (overdraft === 1 && this.#taken() > 0 && this.#taken() + needed > pending);
    if (isFull) {
      const much = `${this.#taken()} of ${bytes} bytes wait for ${this.#peer.id} already`;
      return `${much}; send less at a time, or raise limits.pending`;
    }
    const all = this.#total.taken;
    if (all === 0 || all + needed <= total * overdraft) return undefined;
    return `${all} of ${total} bytes wait for all peers already; send less at a time, or raise limits.total`;
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
    this.#count(bytes);
  }

  /** The system has taken them, or the channel has given them back. */
  took(bytes: number): void {
    this.#unwritten -= bytes;
    this.#count(-bytes);
    this.#moved();
  }

  /** A message does not wait any more. */
  release(message: Reserving): void {
    const { reserved } = message;
    message.reserved = 0;
    this.leave(reserved);
  }

  /** So many bytes do not wait any more. */
  leave(bytes: number): void {
    this.#waiting -= bytes;
    this.#count(-bytes);
    this.#moved();
  }

  #count(bytes: number): void {
    if (!this.#isClosed) this.#total.taken += bytes;
  }

  /** Less waits than before. */
  #moved(): void {
    if (this.#waiting === 0) this.#peer.waits(false);
    this.#letGo();
    const { watchers } = this.#total;
    if (watchers.size > 0) for (const other of watchers) other.#letGo();
  }

  #taken(): number {
    return this.#waiting + this.#unwritten;
  }

  /** Whether the channel has as much as it may be given before the system has taken any of it. */
  get isFull(): boolean {
    if (this.#unwritten === 0) return false;
    const { pending, total } = this.#limits;
    return this.#unwritten >= pending / WINDOW || this.#total.taken >= total;
  }

  /** Bytes that may be on their way within one tick. */
  get burst(): number {
    return this.#limits.pending / BURST;
  }

  /** Whether a careful sender need not hold back: little waits, or there is no sense in waiting. */
  get isWide(): boolean {
    return this.#isOver || this.#hasLess(HIGH);
  }

  /** Whether less waits than that part of the room. With nothing of its own waiting a peer never has to wait for others. */
  #hasLess(part: number): boolean {
    if (this.#isEarly) return false;
    if (this.#taken() === 0) return true;
    const { pending, total } = this.#limits;
    return this.#taken() < pending / part && this.#total.taken < total - total / part;
  }

  /** Resolves when its peer is there and most of what waits has gone, or there is no sense in waiting. */
  drained(): Promise<void> {
    if (this.isWide) return Promise.resolve();
    this.#total.watchers.add(this);
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** Its peer is there. */
  open(): void {
    this.#isEarly = false;
    this.#letGo();
  }

  /** Nobody need wait for room any more. */
  giveUp(): void {
    this.#isOver = true;
    this.#letGo();
  }

  /** Lets go whoever waits for room, if there is some. */
  #letGo(): void {
    if (this.#drained.length === 0 || !(this.#isOver || this.#hasLess(LOW))) return;
    this.#total.watchers.delete(this);
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** Nothing waits any more, and nobody has to. */
  close(): void {
    if (!this.#isClosed) this.#total.taken -= this.#taken();
    this.#isClosed = true;
    this.giveUp();
    for (const other of this.#total.watchers) other.#letGo();
  }
}
