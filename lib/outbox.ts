import { Bundle } from "./bundle.ts";
import { encodeFrame, takeSnapshot } from "./codec.ts";
import { Control } from "./control.ts";
import type { Hold } from "./hold.ts";
import type { Link, SendFailure } from "./links/link.ts";
import type { OutboundEvent } from "./outbound.ts";
import type { Room } from "./room.ts";
import { endStretch } from "./stretch.ts";
import { Item, type Parcel } from "./wire.ts";

/** Messages in a frame, at most. */
const MOST_IN_FRAME = 64;

/** What is emitted in one tick beyond this many messages, or bytes, counts as waiting. */
const BURST = 256;
const BURST_BYTES = 2 ** 20;
/** A peer that does not read gets no more than this many notes between the buses. */
const MOST_NOTES = 1000;

/** What the outbox asks of its peer. */
export interface OutboxOwner {
  readonly link: Link;
  readonly serialization: Link["serialization"];
  readonly room: Room;
  readonly hold: Hold;
}

/**
 * What is about to be written to one peer. Messages of one tick share frames; while a write is
 * pending, or a handle is on its way, everything waits here, so that what was never written can be told
 * from what may have arrived.
 */
export class Outbox {
  readonly #owner: OutboxOwner;
  #parcels: Parcel[] = [];
  #scheduled = false;
  #frameNumber = 0;
  /** Parcels pushed since the last flush. */
  #inTick = 0;
  #bytesInTick = 0;
  /** Frames given to the link that have not left this process. */
  #unwritten = 0;
  /** The one handle on its way: the next waits until the other side has it. */
  #transfer: OutboundEvent | undefined;
  #closed = false;
  readonly #onIdle: () => void;

  constructor(owner: OutboxOwner, onIdle: () => void) {
    this.#owner = owner;
    this.#onIdle = onIdle;
  }

  /** Whether what comes now has to wait for more than the end of this tick. */
  get holds(): boolean {
    return this.#unwritten > 0 || this.#transfer !== undefined || this.#isBurst;
  }

  get #isBurst(): boolean {
    return this.#inTick >= BURST || this.#bytesInTick >= BURST_BYTES;
  }

  /** Puts a parcel into a frame of this tick; its size, in bytes, may be a guess. */
  push(parcel: Parcel, size = 0): void {
    if (this.#closed) return;
    this.#parcels.push(parcel);
    this.#inTick++;
    this.#bytesInTick += size;
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => this.#flush());
  }

  /** Puts a message that has to wait with others, as text. Returns false if it has to stay an object. */
  bundle(event: OutboundEvent): boolean {
    if (this.#closed || !event.isBundleable) return false;
    const text = event.text();
    const last = this.#parcels.at(-1);
    if (last instanceof Bundle && last.add(event, text)) return true;
    const bundle = new Bundle(this.#owner.room);
    bundle.add(event, text);
    this.push(bundle);
    return true;
  }

  /** Sends what the buses tell each other past everything that waits. */
  pushFirst(control: Control): void {
    if (!this.#closed && this.#unwritten < MOST_NOTES) this.#send([control], 0);
  }

  get isIdle(): boolean {
    return this.#closed || (this.#parcels.length === 0 && this.#unwritten === 0 && !this.#transfer);
  }

  /** The other side says whether the handle with that message has arrived. */
  transferred(id: number, arrived: boolean): void {
    if (this.#transfer?.id !== id) return;
    this.#endTransfer(this.#transfer, arrived);
  }

  /** Nothing can be sent any more. Returns what never was, and first the handle whose fate is unknown. */
  close(): Parcel[] {
    this.#closed = true;
    const left = this.#transfer ? [this.#transfer, ...this.#parcels] : this.#parcels;
    this.#parcels = [];
    this.#transfer = undefined;
    this.#idle();
    return left;
  }

  /** Writes a message that is alone in its tick at once, not at the end of it. */
  hurry(): void {
    if (this.#scheduled && this.#parcels.length === 1) this.#write();
  }

  #flush(): void {
    this.#scheduled = false;
    this.#inTick = 0;
    this.#bytesInTick = 0;
    endStretch();
    this.#write();
  }

  /** Writes what waits, as far as the link takes it. */
  #write(): void {
    if (this.#unwritten > 0) return;
    let sent = 0;
    let writable = true;
    while (writable && !this.#transfer && sent < this.#parcels.length) {
      const result = this.#send(this.#parcels, sent);
      writable = result.writable;
      sent += result.consumed;
    }
    this.#parcels = sent === this.#parcels.length ? [] : this.#parcels.slice(sent);
    this.#idle();
  }

  /** Makes a frame of the parcels from `start` on and sends it. */
  #send(parcels: readonly Parcel[], start: number): { consumed: number; writable: boolean } {
    const { serialization, link } = this.#owner;
    // What the link encodes later has to be read and checked now.
    if (link.encodesLater) this.#takeSnapshots(parcels.slice(start, start + MOST_IN_FRAME));
    const number = ++this.#frameNumber;
    const encoded = encodeFrame(serialization, number, parcels, start, MOST_IN_FRAME);
    const { consumed, frame } = encoded;
    const [first] = encoded.parcels;
    if (!first) return { consumed, writable: true };
    let writable: boolean;
    try {
      writable = this.#writeFrame(frame, first, encoded.parcels);
    } catch (error) {
      return { consumed, writable: this.#sendSound(encoded.parcels, error) };
    }
    for (const parcel of encoded.parcels) parcel.written();
    if (first.transfer) this.#follow(first as OutboundEvent);
    return { consumed, writable };
  }

  #writeFrame(frame: object, first: Parcel, parcels: readonly Parcel[]): boolean {
    this.#unwritten++;
    let isDone = false;
    const done = (failure?: SendFailure) => {
      if (isDone) return;
      isDone = true;
      if (failure === "channel") this.#break(parcels);
      else if (failure === "handle") this.#loseHandle(first as OutboundEvent);
      else this.#wrote(parcels);
    };
    try {
      return this.#owner.link.send(frame, first.transfer, done);
    } catch (error) {
      isDone = true;
      this.#unwritten--;
      throw error;
    }
  }

  #wrote(parcels: readonly Parcel[]): void {
    this.#unwritten--;
    for (const parcel of parcels) parcel.left();
    if (this.#unwritten === 0 && !this.#closed) this.#resume();
  }

  /**
   * The channel is broken, as will be told soon. Until then nothing more is given to it, `#unwritten`
   * stays above zero, and what it did not take waits here with the rest.
   */
  #break(parcels: readonly Parcel[]): void {
    if (this.#closed) return;
    for (const parcel of parcels) parcel.notWritten();
    this.#parcels = [...parcels, ...this.#parcels];
  }

  /** The channel is sound, but could not take that handle, nor the message with it. */
  #loseHandle(event: OutboundEvent): void {
    this.#unwritten--;
    event.notWritten();
    if (this.#transfer === event) this.#endTransfer(event, false);
  }

  /** One payload could not be encoded: encodes each by itself, leaves those out that fail, and sends the others. */
  #sendSound(parcels: readonly Parcel[], error: unknown): boolean {
    if (parcels.every((parcel) => parcel.snapshot)) {
      for (const parcel of parcels) parcel.unencodable(error);
      return true;
    }
    let writable = true;
    // Each in a frame of its own: all of them together may have been too long.
    for (const parcel of this.#takeSnapshots(parcels)) {
      writable = this.#send([parcel], 0).writable && writable;
    }
    return writable;
  }

  /** Encodes each payload by itself. Returns those of which that is possible; the others are settled. */
  #takeSnapshots(parcels: readonly Parcel[]): Parcel[] {
    return parcels.filter((parcel) => {
      if (parcel.abandoned) return false;
      try {
        parcel.snapshot ??= takeSnapshot(this.#owner.serialization, parcel.payload);
        return true;
      } catch (cause) {
        parcel.unencodable(cause);
        return false;
      }
    });
  }

  /** Asks, right behind a handle, whether it came; the answer lets the next frames go. */
  #follow(event: OutboundEvent): void {
    this.#transfer = event;
    this.#owner.hold.set("handle", true);
    this.pushFirst(new Control(Item.HANDLE_CHECK, event.id));
  }

  #endTransfer(event: OutboundEvent, arrived: boolean): void {
    this.#transfer = undefined;
    this.#owner.hold.set("handle", false);
    event.transferred(arrived);
    this.#flush();
  }

  #resume(): void {
    if (this.#parcels.length > 0 && !this.#scheduled) this.#flush();
    else this.#idle();
  }

  #idle(): void {
    if (this.isIdle) this.#onIdle();
  }
}
