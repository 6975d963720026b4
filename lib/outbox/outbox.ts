import type { Hold } from "../links/hold.ts";
import { type Link, type Pace, PIPE, type SendFailure } from "../links/link.ts";
import { isOutbound, type OutboundMessage } from "../message/outbound.ts";
import { OutboundEvent } from "../message/outbound-event.ts";
import { outside } from "../time/context.ts";
import { endStretch } from "../time/stretch.ts";
import { encodeFrame } from "../wire/encode.ts";
import type { Note } from "../wire/note.ts";
import type { Parcel } from "../wire/parcel.ts";
import type { Sequence } from "../wire/sequence.ts";
import type { Serialization } from "../wire/serialization.ts";
import type { Backlog } from "./backlog.ts";
import { Bundle, type BundleOutbox, textOf } from "./bundle.ts";
import { Frames } from "./frames.ts";
import { mostInFrame, type Traffic } from "./framing.ts";
import { PayloadReader, SETTLED, sizeAtOnce } from "./payload-reader.ts";
import type { Step } from "./progress.ts";
import { Queue } from "./queue.ts";
import { endSharing, flushSoon, type SharingOutbox } from "./sharing.ts";
import { Transfer } from "./transfer.ts";
import type { OutboxTranslator } from "./translation.ts";
import { Unwritten, type UnwrittenOutbox } from "./unwritten.ts";

/** So many frames may be unwritten where `flush()` wrote them: while code runs that never pauses, none is told to have left. */
const MOST_FLUSHED = 4096;
/** What is emitted in one tick beyond this many messages, or the room for a burst, counts as waiting. */
const BURST = 4096;
/** So many messages may wait to be read until the tick ends; then all of them are. */
const MOST_UNREAD = 64;
/** A peer that does not read gets no more than this many notes between the buses. */
const MOST_NOTES = 1000;

/** What the outbox asks of its peer. */
export interface OutboxPeer extends Traffic {
  readonly serialization: Serialization;
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
export class Outbox implements SharingOutbox, BundleOutbox, UnwrittenOutbox {
  readonly #peer: OutboxPeer;
  readonly #pace: Pace;
  readonly #queue = new Queue();
  #scheduled = false;
  readonly #sequence: Sequence;
  /** Code of the user's that runs while a frame is made, or payloads are read, must not make another. */
  #isWriting = false;
  /** Parcels pushed since the last flush. */
  #inTick = 0;
  #bytesInTick = 0;
  readonly #unwritten: Unwritten;
  /** The process ends with the tick: what comes is written at once. */
  #isLast = false;
  readonly #reader: PayloadReader;
  readonly #frames: Frames;
  readonly #transfer: Transfer;
  #closed = false;
  readonly #onProgress: () => void;

  constructor(peer: OutboxPeer, sequence: Sequence, onProgress: () => void) {
    this.#peer = peer;
    this.#pace = peer.link.pace ?? PIPE;
    this.#sequence = sequence;
    this.#reader = new PayloadReader(peer);
    this.#frames = new Frames(peer, sequence, this.#reader);
    this.#unwritten = new Unwritten(peer, this);
    this.#transfer = new Transfer(peer.hold);
    this.#onProgress = onProgress;
  }

  /** Whether what comes now has to wait for more than the end of this tick. */
  #holds(): boolean {
    return this.#unwritten.isFull || this.#transfer.isUnderWay || this.#isBurst();
  }

  #isBurst(): boolean {
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
    if (this.#holds() && !this.#reserve(message)) return;
    message.handOver();
    if (this.#isBundled(message)) return;
    this.push(message);
    if (this.#queue.parcels.length - this.#queue.unreadFrom > MOST_UNREAD) this.readNow();
  }

  /** Puts a parcel into a frame of this tick. */
  push(parcel: Parcel): void {
    if (this.#closed) return;
    this.#queue.push(parcel);
    this.#inTick++;
    this.#bytesInTick += parcel.size;
    if (this.#scheduled) return;
    if (this.#isLast) {
      outside(this.#write, this, Infinity);
      return;
    }
    this.#scheduled = true;
    flushSoon(this);
  }

  /** What waits to be written. */
  get parcels(): readonly Parcel[] {
    return this.#queue.parcels;
  }

  /** Reads what has been emitted in this tick, so that its size is known. What is more than a burst waits from now on. */
  readNow(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    try {
      this.#readRest();
    } finally {
      this.#isWriting = false;
    }
  }

  #readRest(): void {
    const queue = this.#queue;
    for (; queue.unreadFrom < queue.parcels.length; queue.unreadFrom++) {
      const parcel = queue.parcels[queue.unreadFrom];
      if (!isOutbound(parcel) || parcel.snapshot || parcel.abandoned) continue;
      const before = parcel.size;
      const isSound = this.#isBurst()
        ? this.#reserve(parcel)
        : this.#reader.read(parcel) && this.#reader.keep(parcel);
      if (isSound) this.#bytesInTick += parcel.size - before;
      else queue.parcels[queue.unreadFrom] = SETTLED;
    }
  }

  /** What could not be written in this tick is read now, and waits. */
  #holdRest(): void {
    const queue = this.#queue;
    for (; queue.unheldFrom < queue.parcels.length; queue.unheldFrom++) {
      const parcel = queue.parcels[queue.unheldFrom];
      if (!isOutbound(parcel) || parcel.abandoned) continue;
      if (!this.#reserve(parcel)) queue.parcels[queue.unheldFrom] = SETTLED;
    }
    queue.unreadFrom = queue.unheldFrom;
  }

  #reserve(message: OutboundMessage): boolean {
    return this.#peer.backlog.reserve(message);
  }

  /** Puts a message that has to wait with others, as text. Returns false if it has to stay an object. */
  #isBundled(event: OutboundMessage): boolean {
    if (event.reserved === 0 || this.#closed || !(event instanceof OutboundEvent)) return false;
    if (!event.isBundleable || this.#frames.isTold(event)) return false;
    const text = textOf(event);
    const last = this.#queue.parcels.at(-1);
    if (last instanceof Bundle && last.add(event, text)) return true;
    const bundle = new Bundle(this);
    bundle.add(event, text);
    this.push(bundle);
    return true;
  }

  /** Parcels that wait, and frames and handles that are on their way. */
  get size(): number {
    return this.#queue.parcels.length + this.#unwritten.size + (this.#transfer.isUnderWay ? 1 : 0);
  }

  get backlog(): Backlog {
    return this.#peer.backlog;
  }

  /** A parcel has settled before it was written. */
  abandoned(): void {
    this.#queue.abandoned();
  }

  /** Sends what the buses tell each other past everything that waits; in another sequence, to who is not the peer. */
  pushFirst(control: Note, sequence: Sequence = this.#sequence): void {
    if (this.#closed || this.#unwritten.hasNotes(MOST_NOTES)) return;
    const encoded = encodeFrame(this.#peer.serialization, sequence, [control]);
    const step = this.#queue.progress.take(0);
    try {
      this.#unwritten.give({ ...encoded, consumed: 1, bytes: control.size }, step);
      control.written();
    } catch {
      // It can be encoded: somebody's `send` throws. It is as good as lost.
      this.#queue.progress.end(step);
    }
  }

  /** Tells, whenever it is asked, whether everything has left that has been pushed so far. */
  whenPast(): () => boolean {
    const mark = this.#queue.progress.mark();
    return () =>
      this.#closed || (this.#queue.progress.hasPassed(mark) && !this.#transfer.isUnderWay);
  }

  /** What has not left this process, as far as the system tells, the handle on its way first. */
  get unfinished(): Parcel[] {
    const { event } = this.#transfer;
    return [...(event ? [event] : []), ...this.#unwritten.parcels, ...this.#queue.parcels];
  }

  get isIdle(): boolean {
    if (this.#closed) return true;
    const left = this.#queue.parcels.length + this.#unwritten.size;
    return left === 0 && !this.#transfer.isUnderWay;
  }

  /** The other side says whether the handle with that message has arrived. */
  transferred(id: number, arrived: boolean): void {
    if (this.#transfer.event?.id === id) this.#endTransfer(arrived);
  }

  /**
   * Nothing can be sent any more. Returns the message whose handle is on its way, what was given to the channel
   * and may not have left this process, and what was never sent. That is asked once.
   */
  close(): Parcel[] {
    if (this.#closed) return [];
    this.#closed = true;
    const left = this.unfinished;
    this.#queue.clear();
    this.#idle();
    return left;
  }

  /**
   * Once what was left is settled: lets go of it, and of the handle that is on its way. A channel that goes on without
   * the bus has to write that first: otherwise the message is lost with it, and Node waits for ever for it to be received.
   */
  letGo(isChannelOver: boolean): void {
    const isWithHandle = (first: Parcel | undefined) => this.#transfer.isWith(first);
    const stays = this.#unwritten.letGo(isChannelOver ? () => false : isWithHandle);
    if (!stays) this.#transfer.settle(false);
  }

  /**
   * Writes now what waits, more of it than the channel has confirmed: whoever asks may not pause for long, and does not
   * read meanwhile. What it was sent with is final from here on.
   */
  flushNow(): void {
    if (this.#queue.parcels.length === 0) return;
    endStretch();
    outside(this.#write, this, MOST_FLUSHED);
  }

  /** The process ends: writes everything, and what comes from here on at once. */
  flushForGood(): void {
    this.#isLast = true;
    this.#scheduled = false;
    endStretch();
    outside(this.#write, this, Infinity);
  }

  /** Writes a message that is alone in its tick at once, not at the end of it. */
  hurry(): void {
    if (this.#scheduled && this.#queue.parcels.length === 1) outside(this.#write, this, undefined);
  }

  /** Writes what was emitted in this tick. It runs in no asynchronous context. */
  flush(): void {
    this.#scheduled = false;
    this.#inTick = 0;
    this.#bytesInTick = 0;
    // The code around every emit of this tick is over, also of those to other peers: a nextTick comes after all of it.
    endStretch();
    this.#write(undefined);
  }

  /** Writes what waits, as far as the link takes it. That is of many, so it is done outside: what the channel keeps for it is nobody's. */
  #write(mostUnwritten: number | undefined): void {
    // What is emitted while payloads are read, by getters, goes too.
    if (this.#isWriting) return;
    this.#isWriting = true;
    try {
      this.#writeAll(mostUnwritten);
    } finally {
      this.#isWriting = false;
    }
    this.#idle();
  }

  #writeAll(mostUnwritten: number | undefined): void {
    let sent = 0;
    while (this.#takes(mostUnwritten) && sent < this.#queue.parcels.length) {
      sent += this.#send(this.#queue.parcels, sent);
    }
    this.#queue.shift(sent);
    this.#holdRest();
  }

  /** Whether the next frame may be given to the channel, of which so many may be unwritten. */
  #takes(mostUnwritten: number | undefined): boolean {
    if (this.#transfer.isUnderWay) return false;
    if (mostUnwritten === undefined) return !this.#unwritten.isFull;
    if (this.#unwritten.isShut || this.#unwritten.size >= mostUnwritten) return false;
    return this.#isLast || !this.#peer.backlog.isFull;
  }

  /** Makes a frame of the parcels from `start` on and sends it. Returns how many it has dealt with. */
  #send(parcels: readonly Parcel[], start: number, step?: Step): number {
    const most = mostInFrame(parcels[start]?.flow, parcels.length - start, this.#peer, this.#pace);
    const encoded = this.#frames.make(parcels, start, most);
    const { consumed } = encoded;
    if (this.#closed) return consumed;
    // What is sent past the queue was never in it.
    const taken = step ?? this.#queue.progress.take(parcels === this.#queue.parcels ? consumed : 0);
    const [first] = encoded.parcels;
    if (!first) {
      this.#queue.progress.end(taken);
      return consumed;
    }
    try {
      this.#unwritten.give(encoded, taken);
    } catch (error) {
      this.#sendSound(encoded.parcels, error, taken);
      return consumed;
    }
    // The link has ended meanwhile, and all that was in the frame has settled.
    if (this.#closed) return consumed;
    for (const parcel of encoded.parcels) parcel.written();
    if (first instanceof OutboundEvent && first.transfer) this.#askForHandle(first);
    return consumed;
  }

  /**
   * Asks the other side whether the handle has come. Who knows no frames does not answer; but Node holds back what
   * follows a handle until the other side has taken it: once the question has left, the handle has arrived.
   */
  #askForHandle(event: OutboundEvent): void {
    const onGone = this.#frames.isTold(event) ? () => this.transferred(event.id, true) : undefined;
    this.pushFirst(this.#transfer.begin(event, onGone));
  }

  ended(parcels: readonly Parcel[], step: Step, failure: SendFailure | undefined): void {
    const [first] = parcels;
    if (this.#closed) {
      if (this.#transfer.isWith(first)) this.#transfer.settle(false);
      return;
    }
    if (failure === "channel") {
      this.#takeBack(parcels);
      return;
    }
    this.#queue.progress.end(step);
    if (failure === "handle") this.#loseHandle(first as OutboundEvent);
    else this.#wrote(parcels);
  }

  /** The link asks to wait, or says that it takes frames again. */
  flow(isOpen: boolean): void {
    this.#unwritten.flow(isOpen);
    if (!this.#closed) this.#goOn();
  }

  #goOn(): void {
    if (!this.#unwritten.isFull) this.#resume();
  }

  #wrote(parcels: readonly Parcel[]): void {
    for (const parcel of parcels) parcel.gone();
    this.#goOn();
    this.#onProgress();
  }

  /**
   * The channel is broken, as will be told soon. Until then nothing more is given to it, and what it did
   * not take waits here with the rest.
   */
  #takeBack(parcels: readonly Parcel[]): void {
    for (const parcel of parcels) parcel.notWritten();
    this.#queue.putBack(parcels);
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
      this.#queue.progress.end(step);
      return;
    }
    const sound = parcels.filter((parcel) => !isDoubtful(parcel) || this.#reader.keep(parcel));
    const last = sound.pop();
    for (const parcel of sound) this.#send([parcel], 0);
    if (last) this.#send([last], 0, step);
    else this.#queue.progress.end(step);
  }

  /** It is known whether the handle has arrived: the next frames may go. */
  #endTransfer(arrived: boolean): void {
    this.#transfer.end(arrived);
    outside(this.flush, this);
  }

  #resume(): void {
    if (this.#queue.parcels.length > 0 && !this.#scheduled) outside(this.flush, this);
    else this.#idle();
  }

  #idle(): void {
    if (this.isIdle) this.#onProgress();
  }
}
