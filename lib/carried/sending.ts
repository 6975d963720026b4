import type { SendFailure } from "../links/link.ts";
import { Flag, HEAD } from "./packet.ts";

/** Bytes that may be on their way to one peer, and not taken there. */
const WINDOW = 2 ** 21;

/** What became of a frame. */
export type Done = (failure?: SendFailure) => void;

/** A packet that the other side has not taken. */
export interface Kept {
  /** With room for a head. */
  readonly bytes: Buffer;
  readonly flags: number;
  /** When its frame was given to the link, by `performance.now()`. */
  readonly since: number;
  /** Of its frame, if it is the last packet of one. */
  readonly done: Done | undefined;
}

/**
 * What one side of a link sends: numbered, and kept until the other side has taken it. So much of it is under way as fits
 * into the window; what is found to be missing is sent again, with all that follows.
 */
export class Sending {
  /** In order: numbers from `taken + 1` to `made`. */
  #kept: Kept[] = [];
  #made = 0;
  /** Number of the last packet that is under way; less than `#everSent` while some are sent again. */
  #sent = 0;
  /** What is beyond it has certainly not arrived. */
  #everSent = 0;
  #taken = 0;
  #bytesUnderWay = 0;
  #bytesKept = 0;
  #takenAtLook = 0;
  /** Packets that were sent again. */
  resent = 0;

  /** Up to which number was sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Whether there is anything that the other side has not taken. */
  get isUntaken(): boolean {
    return this.#kept.length > 0;
  }

  /** Whether another frame may be given. */
  get hasRoom(): boolean {
    return this.#bytesKept < WINDOW;
  }

  /** Whether so much was taken that it is worth while to give more. */
  get isHalfEmpty(): boolean {
    return this.#bytesKept <= WINDOW / 2;
  }

  /** A frame, with room for a head: it is kept in packets of at most so many bytes. */
  add(frame: Buffer, most: number, done: Done): void {
    const since = performance.now();
    if (frame.length <= most) {
      this.#keep({ bytes: frame, flags: 0, since, done });
      return;
    }
    const room = most - HEAD;
    for (let start = HEAD; start < frame.length; start += room) {
      const part = frame.subarray(start, start + room);
      const bytes = Buffer.concat([Buffer.allocUnsafe(HEAD), part]);
      const isLast = start + room >= frame.length;
      const flags = isLast ? 0 : Flag.MORE;
      this.#keep({ bytes, flags, since, done: isLast ? done : undefined });
    }
  }

  #keep(packet: Kept): void {
    this.#made++;
    this.#bytesKept += packet.bytes.length;
    this.#kept.push(packet);
  }

  /** Bytes of the next packet; 0 if there is none. */
  get nextBytes(): number {
    return this.#kept[this.#sent - this.#taken]?.bytes.length ?? 0;
  }

  /** The next packet that fits into the window, which is under way from now on. */
  next(): Kept | undefined {
    if (this.#sent === this.#made) return undefined;
    const packet = this.#kept[this.#sent - this.#taken];
    if (!packet) return undefined;
    const { length } = packet.bytes;
    if (this.#bytesUnderWay > 0 && this.#bytesUnderWay + length > WINDOW) return undefined;
    this.#sent++;
    if (this.#sent <= this.#everSent) this.resent++;
    else this.#everSent = this.#sent;
    this.#bytesUnderWay += length;
    return packet;
  }

  /** The other side has taken everything up to that number. It is not believed where nothing was sent. */
  take(taken: number): void {
    if (taken <= this.#taken || taken > this.#everSent) return;
    const gone = this.#leave(taken - this.#taken);
    let number = this.#taken;
    for (const { bytes } of gone) {
      number++;
      this.#bytesKept -= bytes.length;
      if (number <= this.#sent) this.#bytesUnderWay -= bytes.length;
    }
    this.#taken = taken;
    this.#sent = Math.max(this.#sent, taken);
    for (const { done } of gone) done?.();
  }

  /** The first so many are kept no more; mostly that is all of them. */
  #leave(count: number): Kept[] {
    if (count < this.#kept.length) return this.#kept.splice(0, count);
    const all = this.#kept;
    this.#kept = [];
    return all;
  }

  /** What has not been taken up to that number is missing over there: it is sent again. */
  again(taken: number): void {
    if (taken < this.#taken) return;
    this.#sent = this.#taken;
    this.#bytesUnderWay = 0;
  }

  /** Whether nothing was taken of what is under way since it was asked last. */
  isStalled(): boolean {
    const isStalled = this.isUntaken && this.#taken === this.#takenAtLook;
    this.#takenAtLook = this.#taken;
    return isStalled;
  }

  /** It is over: what was never sent is told to be so. Of a frame in parts nothing is read before the last has come. */
  end(): void {
    const unsent = this.#kept.splice(0).slice(this.#everSent - this.#taken);
    for (const { done } of unsent) done?.("channel");
  }
}
