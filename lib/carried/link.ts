import type { End } from "../errors/bus-error.ts";
import type { Link, LinkEvents, Pace } from "../links/link.ts";
import { startTimer } from "../time/context.ts";
import { native } from "../time/native.ts";
import type { Handle } from "../wire/handle.ts";
import { type CarriedSerialization, fromBytes, toBytes } from "./frame-bytes.ts";
import { Flag, HEAD, type Head, Kind, type Packet, packetOf, writeHead } from "./packet.ts";
import { type Done, type Kept, Sending } from "./sending.ts";
import { Taking } from "./taking.ts";

/** What was taken is told within so many ms. */
const TELL_WITHIN = 15;
/** Smaller packets would have other numbers, and the larger ones may still arrive. */
const TAKES_LESS =
  "cannot be sent the rest of what was begun: the server takes less at once than before";

/** A packet costs more than a write into a pipe, and is told to be taken a round trip later. */
export const PACE: Pace = { leastInFrame: 32, mostUnwritten: 4096 };

/** Brings packets to other processes, or loses them. */
export interface Carrier {
  /** Nothing is sent otherwise. */
  readonly isConnected: boolean;
  /** Bytes of a packet. */
  readonly mostBytes: number;
  /**
   * Sends a packet to a process; `asks`: it had better be told if nobody is there. Of a packet that is sent again the head
   * changes, and may do so while the first is still to be written.
   */
  send(to: string, packet: Buffer, asks: boolean): void;
  /** The link to that process is over, and why. */
  ended(to: string, reason: string): void;
}

/** Who is at the other end of a link. */
export interface Address {
  /** What the carrier knows it by. */
  readonly to: string;
  /** The id of its peer. */
  readonly id: string;
  readonly serialization: CarriedSerialization;
}

/**
 * A link over a carrier that loses what is under way when a connection breaks, and may bring things twice or late: to
 * the bus it is a channel like any other.
 *
 * Packets are numbered, and kept until the other link says that it has taken them. A packet out of order is not taken; it
 * is told that something is missing (GAP). After a reconnect, and where nothing is heard of what was sent, a PROBE asks what has
 * arrived; the carrier keeps the order, so what was sent before the probe and is not in the ANSWER is lost. Then it is sent
 * again. Each link has a random epoch; all its packets have that and the one of the link they are for.
 */
export class CarriedLink implements Link {
  readonly kind = "remote";
  readonly id: string;
  readonly serialization: CarriedSerialization;
  readonly carriesHandles = false;
  readonly forgetsEarlyFrames = false;
  readonly ended = undefined;
  readonly encodesLater = false;
  readonly pace: Pace = PACE;

  /** The process at the other end. */
  readonly to: string;
  readonly epoch: number;
  /** That of the link over there; 0 until it was heard. */
  theirs = 0;

  readonly #carrier: Carrier;
  /** The bytes that a frame from there may have. */
  readonly #largest: () => number;
  readonly #sending = new Sending();
  readonly #taking = new Taking();
  #events: LinkEvents | undefined;
  #isOpen = true;
  #isOver = false;
  #telling: NodeJS.Timeout | undefined;
  #tellingNow: NodeJS.Immediate | undefined;

  constructor(carrier: Carrier, address: Address, epoch: number, largest: () => number) {
    this.#carrier = carrier;
    this.to = address.to;
    this.id = address.id;
    this.serialization = address.serialization;
    this.epoch = epoch;
    this.#largest = largest;
  }

  // What the bus asks of a link.

  open(events: LinkEvents): void {
    this.#events = events;
    this.#flow();
  }

  succeed(events: LinkEvents): void {
    this.#events = events;
  }

  send(frame: object, _handle: Handle | undefined, done: Done): boolean {
    const bytes = toBytes(this.serialization, frame, HEAD);
    this.#sending.add(bytes, this.#carrier.mostBytes, done);
    this.#pump();
    return true;
  }

  hold(): void {
    // What the carrier does keeps the process alive, or does not.
  }

  detach(): void {
    if (this.#isOver) return;
    this.#tell(Kind.GOODBYE);
    this.#stop();
    this.#carrier.ended(this.to, "was given up by this side");
  }

  // What the carrier tells.

  /** It is connected, or is not any more. What was under way may be lost. */
  connected(): void {
    this.probe();
    this.#flow();
  }

  /** To be called every now and then: asks what has become of what was sent, if nothing was heard of it since the last time. */
  look(): void {
    if (this.#sending.isStalled()) this.probe();
  }

  /** Asks what has been taken. */
  probe(): void {
    if (!this.#isOver) this.#tell(Kind.PROBE, 0, this.#sending.sent);
  }

  /** Whether there is anything that the other side has not taken. */
  get isUntaken(): boolean {
    return this.#sending.isUntaken;
  }

  /** Packets that were sent again. */
  get resent(): number {
    return this.#sending.resent;
  }

  /** A packet of the link at the other end. */
  receive(packet: Packet): void {
    this.#hear(packet);
    if (this.#isOver) return;
    switch (packet.kind) {
      case Kind.DATA:
        this.#take(packet);
        break;
      case Kind.PROBE:
        this.#tell(Kind.TAKEN, Flag.ANSWER, packet.number);
        break;
      case Kind.GOODBYE:
        this.close({ reason: "said goodbye" });
        break;
    }
  }

  /** It is over, for a reason that the other side need not know. */
  close(end: End): void {
    if (this.#isOver) return;
    this.#stop();
    this.#sending.end();
    this.#events?.closed(end);
    this.#carrier.ended(this.to, end.reason ?? "has ended");
  }

  // Its own.

  /** It cannot go on: both sides are told. */
  #giveUp(reason: string): void {
    this.#tell(Kind.GOODBYE);
    this.close({ reason });
  }

  #stop(): void {
    this.#isOver = true;
    this.#stopTelling();
  }

  /** Sends what fits into the window. */
  #pump(): void {
    if (!this.#isOver && this.#carrier.isConnected) {
      const most = this.#carrier.mostBytes;
      while (this.#sending.nextBytes <= most) {
        const kept = this.#sending.next();
        if (!kept) break;
        this.#publish(kept);
      }
      if (this.#sending.nextBytes > most) this.#giveUp(TAKES_LESS);
    }
    this.#flow();
  }

  #publish({ bytes, flags, since }: Kept): void {
    const waited = performance.now() - since;
    writeHead(bytes, this.#head(Kind.DATA, flags, this.#sending.sent, waited));
    this.#carrier.send(this.to, bytes, false);
  }

  /** Tells the bus whether frames are better kept there. */
  #flow(): void {
    if (this.#isOver) return;
    const { hasRoom, isHalfEmpty } = this.#sending;
    const isOpen = this.#carrier.isConnected && (this.#isOpen ? hasRoom : isHalfEmpty);
    if (isOpen === this.#isOpen) return;
    this.#isOpen = isOpen;
    this.#events?.flow(isOpen);
  }

  #hear({ kind, flags, number, taken }: Packet): void {
    this.#sending.take(taken);
    const isAnswer = kind === Kind.TAKEN && (flags & Flag.ANSWER) !== 0;
    const isGap = kind === Kind.TAKEN && (flags & Flag.GAP) !== 0;
    if (isGap || (isAnswer && taken < number)) this.#sending.again(taken);
    this.#pump();
  }

  #take(packet: Packet): void {
    const arrived = this.#taking.arrive(packet, this.#largest());
    switch (arrived.what) {
      case "gap":
        if (this.#taking.tellsGap()) this.#tell(Kind.TAKEN, Flag.GAP);
        return;
      case "too large":
        this.#giveUp("sent more than this side takes in a frame");
        return;
      case "frame":
        this.#tellSoon();
        this.#give(arrived.bytes, packet.waited);
        return;
      case "known":
        // It was sent again, so what was told last may have got lost.
        this.#tellSoon(true);
        return;
      case "part":
        this.#tellSoon();
    }
  }

  #give(bytes: Buffer, waited: number): void {
    let body: unknown;
    try {
      body = fromBytes(this.serialization, bytes);
    } catch {
      // To the bus it is a malformed frame.
    }
    this.#events?.frame(body, undefined, waited);
  }

  /** Tells what was taken when there is nothing else that would: after much at the end of this turn, else in a while. */
  #tellSoon(isAgain = false): void {
    if (this.#tellingNow) return;
    if (isAgain || this.#taking.isMuchUntold) {
      this.#stopTelling();
      this.#tellingNow = native.setImmediate(() => this.#tellTaken(isAgain));
    } else {
      this.#telling ??= startTimer(this.#tellTaken, TELL_WITHIN).unref();
    }
  }

  readonly #tellTaken = (isAgain = false): void => {
    this.#stopTelling();
    if (isAgain || this.#taking.isUntold) this.#tell(Kind.TAKEN);
  };

  #stopTelling(): void {
    clearTimeout(this.#telling);
    native.clearImmediate(this.#tellingNow);
    this.#telling = this.#tellingNow = undefined;
  }

  #tell(kind: number, flags = 0, number = 0): void {
    if (!this.#carrier.isConnected) return;
    this.#carrier.send(this.to, packetOf(this.#head(kind, flags, number, 0)), kind === Kind.PROBE);
  }

  #head(kind: number, flags: number, number: number, waited: number): Head {
    const { epoch, theirs } = this;
    return { kind, flags, epoch, yours: theirs, number, taken: this.#taking.tell(), waited };
  }
}
