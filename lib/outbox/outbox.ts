import type { Hold } from "../links/hold.ts";
import type { Link, SendFailure } from "../links/link.ts";
import { OutboundMessage } from "../message/outbound.ts";
import { OutboundEvent } from "../message/outbound-event.ts";
import { outside } from "../time/context.ts";
import { endStretch } from "../time/stretch.ts";
import { type Choice, chooseParcels, encodeFrame } from "../wire/encode.ts";
import type { Handle } from "../wire/handle.ts";
import type { Note } from "../wire/note.ts";
import type { Parcel } from "../wire/parcel.ts";
import type { Sequence } from "../wire/sequence.ts";
import { restore } from "../wire/snapshot.ts";
import type { Backlog } from "./backlog.ts";
import { Bundle } from "./bundle.ts";
import { mostInFrame, type Traffic } from "./framing.ts";
import { PayloadReader, SETTLED, sizeAtOnce } from "./payload-reader.ts";
import { Progress, type Step } from "./progress.ts";
import { endSharing, flushSoon, type SharingOutbox } from "./sharing.ts";
import { Transfer } from "./transfer.ts";
import { isToldBy, type OutboxTranslator } from "./translation.ts";

/** Frames given to the channel and not taken by the system, beyond which everything waits here. */
const MOST_UNWRITTEN = 64;
/** What is emitted in one tick beyond this many messages, or the room for a burst, counts as waiting. */
const BURST = 4096;
/** So many messages may wait to be read until the tick ends; then all of them are. */
const MOST_UNREAD = 64;
/** A peer that does not read gets no more than this many notes between the buses. */
const MOST_NOTES = 1000;

/** A frame that is ready to be sent. */
interface Encoded extends Choice {
  readonly frame: object;
}

/** What the outbox asks of its peer. */
export interface OutboxPeer extends Traffic {
  readonly translator: OutboxTranslator | undefined;
  readonly link: Link;
  readonly backlog: Backlog;
  readonly hold: Hold;
}

/**
 * What is about to be written to one peer. Messages of one tick share frames; while the channel has enough that it
 * could not write, or a handle is on its way, everything waits here, so that what was never written can be told
 * from what may have arrived.
 */
export class Outbox implements SharingOutbox {
  readonly #peer: OutboxPeer;
  #parcels: Parcel[] = [];
  #scheduled = false;
  readonly #sequence: Sequence;
  /** From here on the parcels may not have been read. */
  #unreadFrom = 0;
  /** From here on they may not be held: they are about to be sent. */
  #unheldFrom = 0;
  /** Code of the user's that runs while a frame is made must not make another. */
  #isWriting = false;
  /** Parcels pushed since the last flush. */
  #inTick = 0;
  #bytesInTick = 0;
  /** Frames given to the link that have not left this process. */
  #unwritten = 0;
  /** What is in them. */
  readonly #writing = new Set<readonly Parcel[]>();
  /** The link asks to wait until they have. */
  #isBlocked = false;
  readonly #reader: PayloadReader;
  readonly #progress = new Progress();
  readonly #transfer: Transfer;
  #closed = false;
  readonly #onProgress: () => void;

  constructor(peer: OutboxPeer, sequence: Sequence, onProgress: () => void) {
    this.#peer = peer;
    this.#sequence = sequence;
    this.#reader = new PayloadReader(peer);
    this.#transfer = new Transfer(peer.hold);
    this.#onProgress = onProgress;
  }

  /** Whether what comes now has to wait for more than the end of this tick. */
  get #holds(): boolean {
    return this.#isFull || this.#transfer.isUnderWay || this.#isBurst;
  }

  get #isFull(): boolean {
    const { backlog } = this.#peer;
    return this.#isBlocked || this.#unwritten >= MOST_UNWRITTEN || backlog.isFull;
  }

  get #isBurst(): boolean {
    if (this.#inTick === 0) return false;
    return this.#inTick >= BURST || this.#bytesInTick >= this.#peer.backlog.burst;
  }

  /** The end of the outbound chain: takes a message into the frame of this tick. One that there is no room for is settled. */
  take(message: OutboundMessage): void {
    if (this.#closed && message.stage === "chain") message.discard();
    if (this.#closed || message.stage !== "chain") return;
    // What is emitted while others are read may have changed them.
    endSharing();
    const { snapshot } = message;
    if (snapshot?.form === "undecided" && !this.#reader.decide(message, snapshot)) return;
    if (!message.snapshot) message.size = sizeAtOnce(message.payload);
    if (this.#holds && !this.#reserve(message)) return;
    message.handOver();
    if (this.#isBundled(message)) return;
    this.push(message);
    if (this.#parcels.length - this.#unreadFrom > MOST_UNREAD) this.readNow();
  }

  /** Puts a parcel into a frame of this tick. */
  push(parcel: Parcel): void {
    if (this.#closed) return;
    this.#parcels.push(parcel);
    this.#progress.enter();
    this.#inTick++;
    this.#bytesInTick += parcel.size;
    if (this.#scheduled) return;
    this.#scheduled = true;
    flushSoon(this);
  }

  /** What waits to be written. */
  get parcels(): readonly Parcel[] {
    return this.#parcels;
  }

  /** Reads what has been emitted in this tick, so that its size is known. What is more than a burst waits from now on. */
  readNow(): void {
    for (; this.#unreadFrom < this.#parcels.length; this.#unreadFrom++) {
      const parcel = this.#parcels[this.#unreadFrom];
      if (!(parcel instanceof OutboundMessage) || parcel.snapshot || parcel.abandoned) continue;
      const before = parcel.size;
      const isSound = this.#isBurst
        ? this.#reserve(parcel)
        : this.#reader.read(parcel) && this.#reader.keep(parcel);
      if (isSound) this.#bytesInTick += parcel.size - before;
      else this.#parcels[this.#unreadFrom] = SETTLED;
    }
  }

  /** What could not be written in this tick is read now, and waits. */
  #holdRest(): void {
    for (; this.#unheldFrom < this.#parcels.length; this.#unheldFrom++) {
      const parcel = this.#parcels[this.#unheldFrom];
      if (!(parcel instanceof OutboundMessage) || parcel.abandoned) continue;
      if (!this.#reserve(parcel)) this.#parcels[this.#unheldFrom] = SETTLED;
    }
    this.#unreadFrom = this.#unheldFrom;
  }

  #reserve(message: OutboundMessage): boolean {
    return this.#peer.backlog.reserve(message);
  }

  /** Puts a message that has to wait with others, as text. Returns false if it has to stay an object. */
  #isBundled(event: OutboundMessage): boolean {
    if (event.reserved === 0 || this.#closed || !(event instanceof OutboundEvent)) return false;
    if (!event.isBundleable || this.#isTold(event)) return false;
    const text = event.text();
    const last = this.#parcels.at(-1);
    if (last instanceof Bundle && last.add(event, text)) return true;
    const bundle = new Bundle(this.#peer.backlog);
    bundle.add(event, text);
    this.push(bundle);
    return true;
  }

  /** Sends what the buses tell each other past everything that waits; in another sequence, to who is not the peer. */
  pushFirst(control: Note, sequence: Sequence = this.#sequence): void {
    if (this.#closed || this.#unwritten >= MOST_NOTES) return;
    const encoded = encodeFrame(this.#peer.serialization, sequence, [control]);
    this.#writeFrame({ ...encoded, consumed: 1, bytes: control.size }, this.#progress.take(0));
    control.written();
  }

  /** Tells, whenever it is asked, whether everything has left that has been pushed so far. */
  whenPast(): () => boolean {
    const { mark } = this.#progress;
    return () => this.#closed || (this.#progress.hasPassed(mark) && !this.#transfer.isUnderWay);
  }

  /** What has not left this process, as far as the system tells, the handle on its way first. */
  get unfinished(): Parcel[] {
    const { event } = this.#transfer;
    return [...(event ? [event] : []), ...[...this.#writing].flat(), ...this.#parcels];
  }

  get isIdle(): boolean {
    const isEmpty = this.#parcels.length === 0 && this.#unwritten === 0;
    return this.#closed || (isEmpty && !this.#transfer.isUnderWay);
  }

  /** The other side says whether the handle with that message has arrived. */
  transferred(id: number, arrived: boolean): void {
    if (this.#transfer.event?.id === id) this.#endTransfer(arrived);
  }

  /** Nothing can be sent any more. Returns what is unfinished. */
  close(): Parcel[] {
    this.#closed = true;
    const left = this.unfinished;
    this.#parcels = [];
    this.#idle();
    return left;
  }

  /** Once what was left is settled: lets go of the handle that is on its way, unless a channel that goes on has to write it. */
  letGo(isChannelOver: boolean): void {
    // Otherwise the message is lost with it, and Node waits for ever for it to be received.
    const isUnwritten = [...this.#writing].some(([first]) => this.#transfer.isWith(first));
    if (isChannelOver || !isUnwritten) this.#transfer.settle(false);
  }

  /** Writes a message that is alone in its tick at once, not at the end of it. */
  hurry(): void {
    if (this.#scheduled && this.#parcels.length === 1) this.#write();
  }

  /** Writes what was emitted in this tick. */
  flush(): void {
    this.#scheduled = false;
    this.#inTick = 0;
    this.#bytesInTick = 0;
    // The code around every emit of this tick is over, also of those to other peers: a nextTick comes after all of it.
    endStretch();
    this.#write();
  }

  /** Writes what waits, as far as the link takes it. That is of many: what the channel keeps for it is nobody's. */
  #write(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    try {
      outside(this.#writeAll, this);
    } finally {
      this.#isWriting = false;
    }
    this.#idle();
  }

  #writeAll(): void {
    let sent = 0;
    while (!this.#isFull && !this.#transfer.isUnderWay && sent < this.#parcels.length) {
      sent += this.#send(this.#parcels, sent);
    }
    this.#parcels = sent === this.#parcels.length ? [] : this.#parcels.slice(sent);
    this.#unheldFrom = Math.max(0, this.#unheldFrom - sent);
    this.#holdRest();
  }

  /** Makes a frame of the parcels from `start` on and sends it. Returns how many it has dealt with. */
  #send(parcels: readonly Parcel[], start: number, step?: Step): number {
    const most = mostInFrame(parcels[start]?.flow, parcels.length - start, this.#peer);
    const encoded = this.#encode(parcels, start, most);
    const { consumed } = encoded;
    if (this.#closed) return consumed;
    // What is sent past the queue was never in it.
    const taken = step ?? this.#progress.take(parcels === this.#parcels ? consumed : 0);
    const [first] = encoded.parcels;
    if (!first) {
      this.#progress.end(taken);
      return consumed;
    }
    try {
      this.#writeFrame(encoded, taken);
    } catch (error) {
      this.#sendSound(encoded.parcels, error, taken);
      return consumed;
    }
    for (const parcel of encoded.parcels) parcel.written();
    if (first instanceof OutboundEvent && first.transfer) this.#askForHandle(first);
    return consumed;
  }

  /** A frame of the parcels from `start` on, or the first alone where it is told otherwise. */
  #encode(parcels: readonly Parcel[], start: number, most: number): Encoded {
    const { serialization, translator } = this.#peer;
    const first = parcels[start];
    if (translator && isToldBy(translator, first)) return this.#translate(translator, first);
    let fit = most;
    if (translator) {
      const few = parcels.slice(start, start + most);
      const other = few.findIndex((each) => isToldBy(translator, each));
      if (other > 0) fit = other;
    }
    const choice = chooseParcels(serialization, parcels, start, fit, this.#reader.read);
    // The number comes last: code of the user's may have sent another frame meanwhile.
    const { frame, parcels: included } = encodeFrame(serialization, this.#sequence, choice.parcels);
    return { frame, parcels: included, consumed: choice.consumed, bytes: choice.bytes };
  }

  /** A message that is told otherwise than in a frame. If it cannot be encoded it is settled, and left out. */
  #translate(translator: OutboxTranslator, message: OutboundMessage): Encoded {
    const none = { frame: {}, consumed: 1, parcels: [], bytes: 0 };
    if (message.abandoned || !this.#reader.read(message)) return none;
    try {
      // It looks after the handle, too.
      message.item();
      const payload = message.snapshot && restore(message.snapshot);
      const frame = translator.translate(message, payload);
      return { frame, consumed: 1, parcels: [message], bytes: message.size };
    } catch (error) {
      message.unencodable(error);
      return none;
    }
  }

  /** Whether a parcel is a message that is told otherwise. */
  #isTold(parcel: Parcel | undefined): boolean {
    const { translator } = this.#peer;
    return translator !== undefined && isToldBy(translator, parcel);
  }

  /**
   * Asks the other side whether the handle has come. Who knows no frames does not answer; but Node holds back what
   * follows a handle until the other side has taken it: once the question has left, the handle has arrived.
   */
  #askForHandle(event: OutboundEvent): void {
    const onGone = this.#isTold(event) ? () => this.transferred(event.id, true) : undefined;
    this.pushFirst(this.#transfer.begin(event, onGone));
  }

  #writeFrame({ frame, parcels, bytes }: Encoded, step: Step): void {
    this.#unwritten++;
    this.#peer.backlog.give(bytes);
    this.#writing.add(parcels);
    let isDone = false;
    const done = (failure?: SendFailure) => {
      if (isDone) return;
      isDone = true;
      this.#writing.delete(parcels);
      if (this.#closed) {
        if (this.#transfer.isWith(parcels[0])) this.#transfer.settle(false);
        return;
      }
      if (failure === "channel") {
        this.#break(parcels);
        return;
      }
      this.#leave(bytes, step);
      if (failure === "handle") this.#loseHandle(parcels[0] as OutboundEvent);
      else this.#wrote(parcels);
    };
    try {
      const isWritable = this.#peer.link.send(frame, handleOf(parcels[0]), done);
      if (!isWritable && !isDone) this.#isBlocked = true;
    } catch (error) {
      isDone = true;
      this.#writing.delete(parcels);
      this.#unwritten--;
      this.#peer.backlog.took(bytes);
      throw error;
    }
  }

  /** A frame was taken by the system. */
  #leave(bytes: number, step: Step): void {
    this.#unwritten--;
    this.#peer.backlog.took(bytes);
    if (this.#unwritten === 0) this.#isBlocked = false;
    this.#progress.end(step);
  }

  #wrote(parcels: readonly Parcel[]): void {
    for (const parcel of parcels) parcel.gone();
    if (!this.#isFull) this.#resume();
    this.#onProgress();
  }

  /**
   * The channel is broken, as will be told soon. Until then nothing more is given to it, and what it did
   * not take waits here with the rest.
   */
  #break(parcels: readonly Parcel[]): void {
    this.#isBlocked = true;
    for (const parcel of parcels) parcel.notWritten();
    this.#parcels = [...parcels, ...this.#parcels];
    this.#unheldFrom += parcels.length;
    this.#unreadFrom += parcels.length;
  }

  /** The channel is sound, but could not take that handle, nor the message with it. */
  #loseHandle(event: OutboundEvent): void {
    event.notWritten();
    if (this.#transfer.isWith(event)) this.#endTransfer(false);
  }

  /** One payload could not be cloned: encodes it by itself, leaves it out if that fails, and sends the others. */
  #sendSound(parcels: readonly Parcel[], error: unknown, step: Step): void {
    const isDoubtful = (parcel: Parcel) => {
      const snapshot = parcel.isFrame ? undefined : parcel.snapshot;
      return snapshot?.form === "beside" && typeof snapshot.value !== "string";
    };
    if (!parcels.some(isDoubtful)) {
      for (const parcel of parcels) parcel.unencodable(error);
      this.#progress.end(step);
      return;
    }
    const sound = parcels.filter((parcel) => !isDoubtful(parcel) || this.#reader.keep(parcel));
    const last = sound.pop();
    for (const parcel of sound) this.#send([parcel], 0);
    if (last) this.#send([last], 0, step);
    else this.#progress.end(step);
  }

  /** It is known whether the handle has arrived: the next frames may go. */
  #endTransfer(arrived: boolean): void {
    this.#transfer.end(arrived);
    this.flush();
  }

  #resume(): void {
    if (this.#parcels.length > 0 && !this.#scheduled) this.flush();
    else this.#idle();
  }

  #idle(): void {
    if (this.isIdle) this.#onProgress();
  }
}

/** The handle that travels in a frame, with what is alone in it. */
function handleOf(parcel: Parcel | undefined): Handle | undefined {
  return parcel === undefined || parcel.isFrame ? undefined : parcel.transfer;
}
