// How two buses find each other on a link, and who is not meant.
//
// Each bus has a random identity. Each session has a random tag, which all its frames carry, and numbers them. A
// frame is taken if its tag is that of the peer. Any other frame is a stranger's, unless it brings a hello that is for us.
//
// A hello says who says it (`from`), at which end of the link it is (`seat`), whom it answers (`to`, if it has heard
// anybody), and whether it wants an answer (`asks`). It is for us if it comes from the seat across ours, does not answer
// somebody else, and has not our own tag. So a primary may forward everything to its other workers, hellos too: what a worker has
// said comes from the wrong seat, and an answer to one worker names it.
//
//   unheard  No hello has come. Ours, if we speak at all, ask.
//   heard    One that is for us has come: its bus is the peer, and is answered. Of what comes under its tag nothing is lost.
//   known    One has come that answers us. Only now messages are sent: the other side may have gone before it heard.
//
// It takes three: one that asks, one that answers, and one that says the answer was heard. A hello may get lost where
// somebody else listens first; then it is repeated until it is answered, and answered as often as it asks.
//
// Where the peer is heard and another bus says a hello that is for us, it is a rival. It may be new on the old channel, behind
// `node --watch` or as the next owner of a port; or it is further away, and the peer passes on what it says. A channel
// keeps the order, so one question to each decides it: first the peer is asked, then the rival. Who is there and nearer
// answers first. If that is the peer, the rival is set aside for good. If it is the rival, the peer is gone, and the
// rival's frames, from this answer on, belong to a new session on the same link. The question to the rival has the tag of that
// session, so that nobody else takes for his what it will send.
//
// A child's end says nothing unasked, for its channel may belong to others: it waits until a frame of ours has
// come, or the program addresses the parent. Only channels that forget what comes early cannot wait.

import type { Link, PeerKind } from "../links/link.ts";
import type { Outbox } from "../outbox/outbox.ts";
import { startTimer } from "../time/context.ts";
import { type Hello, helloItem, readyItem } from "../wire/items.ts";
import { Note } from "../wire/note.ts";
import { Seat } from "../wire/protocol.ts";
import { newSequence, type Sequence } from "../wire/sequence.ts";

/** A hello that may have got lost is repeated after this many ms, then after twice as many, and so on. */
const FIRST_REPEAT = 25;
/** So often, within some 25 s. Later only as long as something waits, or when there is something to say. */
const MOST_HELLOS = 10;
/** Then for what there is to say not more often than this, in ms. */
const LATER_REPEAT = 1000;
/** So many buses that are not meant are remembered on a link. */
const MOST_SET_ASIDE = 100;

const SEATS: Readonly<Record<PeerKind, number>> = {
  parent: Seat.CHILD,
  worker: Seat.PARENT,
  child: Seat.PARENT,
  thread: Seat.PARENT,
  port: Seat.EQUAL,
  memory: Seat.EQUAL,
  remote: Seat.EQUAL,
};
const ACROSS: Readonly<Record<number, number>> = {
  [Seat.PARENT]: Seat.CHILD,
  [Seat.CHILD]: Seat.PARENT,
  [Seat.EQUAL]: Seat.EQUAL,
};

/** Whose hello came under a tag that is not the peer's. */
export type Caller = "stranger" | "peer" | "rival" | "successor";

/** What a handshake asks of the bus on this side. */
interface HandshakeHost {
  readonly identity: string;
  readonly name: string | undefined;
  /** Those that listen here. */
  readyNamespaces(): string[];
}

/** What a handshake asks of the side that it speaks for. */
export interface HandshakeSide {
  readonly link: Link;
  readonly outbox: Outbox;
  /** Something waits for the peer. */
  readonly isAwaited: boolean;
}

/** The first words on a link, as told above. */
export class Handshake {
  readonly #side: HandshakeSide;
  readonly #host: HandshakeHost;
  readonly #seat: number;
  /** That of our frames. */
  readonly #tag: number;
  /** The identity of the peer, once it was heard. */
  #peer: string | undefined;
  /** The peer has heard ours, and said so. */
  isKnown = false;
  /** Somebody else who has said hello, and the frames that a session with it would send. */
  #rival: { readonly identity: string; readonly sequence: Sequence } | undefined;
  /** Who turned out not to be the peer. */
  readonly #setAside: Set<string>;
  /** Ours has said that theirs has come. */
  #hasAnswered = false;
  #hellos = 0;
  #latest: Note | undefined;
  #lastHello = 0;
  #timer: NodeJS.Timeout | undefined;

  /** With a predecessor, it is that of the rival who has come off best. */
  constructor(side: HandshakeSide, host: HandshakeHost, tag: number, predecessor?: Handshake) {
    this.#side = side;
    this.#host = host;
    this.#tag = tag;
    this.#seat = SEATS[side.link.kind];
    this.#setAside = new Set(predecessor ? predecessor.#setAside : []);
    if (!predecessor) return;
    if (predecessor.#peer !== undefined) this.#setAside.add(predecessor.#peer);
    // The question was a hello.
    this.#hellos = 1;
  }

  /** The other side's hello has come. */
  get isHeard(): boolean {
    return this.#peer !== undefined;
  }

  /** The bus at the other end is the one on this side. */
  get isWithOurselves(): boolean {
    return this.#peer === this.#host.identity;
  }

  /** Whether the other side may have heard of this one. */
  get wasSaid(): boolean {
    return this.#hellos > 0;
  }

  /** The frames of a session with the rival go on from there. */
  get rivalSequence(): Sequence | undefined {
    return this.#rival?.sequence;
  }

  /** Whose a hello is that came under a tag that is not the peer's. A rival is put to the test. */
  identify({ from, seat, to }: Hello, tag: number): Caller {
    const { identity } = this.#host;
    const answersUs = to === identity;
    const isForUs = answersUs || to === undefined;
    // A bus may well talk to itself over a pair of ports, but an echo is none.
    if (!isForUs || tag === this.#tag || seat !== ACROSS[this.#seat]) return "stranger";
    if (this.#peer === undefined) return "peer";
    // It has started a session of its own with us, in which it puts us to the test.
    if (from === this.#peer) return answersUs && !this.isKnown ? "peer" : "stranger";
    if (this.#setAside.has(from)) return "stranger";
    if (answersUs && this.#rival?.identity === from) return "successor";
    this.#challenge(from);
    return "rival";
  }

  /** A hello of the peer has come. Answers, if it asks or does not know that it was heard. */
  hear({ from, to, asks }: Hello): void {
    this.#peer ??= from;
    if (from !== this.#peer)
      throw new TypeError("a hello of somebody else among the peer's frames");
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const answersUs = to === this.#host.identity;
    if (answersUs) this.isKnown = true;
    this.#dismissRival();
    if (asks && answersUs) {
      // It asks whether we are still here, and another may be about to answer.
      this.#hasAnswered = true;
      this.#side.outbox.pushFirst(this.#hello(this.#peer, false));
      return;
    }
    // One answer on its way is enough, however often it is asked.
    const isAnswering = this.#hasAnswered && this.#latest?.isWritten === false;
    if (!this.#hasAnswered || (asks && !isAnswering)) this.say();
  }

  /** A bus speaks on the channel to somebody else, who may have had it before. */
  overhear(): void {
    if (this.#seat === Seat.CHILD) this.begin();
  }

  /** Says hello, unless that was done; or again, if it was in vain and long ago. */
  begin(): void {
    if (this.isHeard) return;
    const isInVain = this.#side.link.forgetsEarlyFrames && this.#hellos >= MOST_HELLOS;
    if (this.#hellos === 0) this.say();
    else if (isInVain && performance.now() - this.#lastHello > LATER_REPEAT) this.say();
  }

  /** Tells that a namespace listens. If the hello before it got lost, the next one tells. */
  announce(namespace: string): void {
    if (this.#hellos > 0) this.#side.outbox.push(new Note(readyItem(namespace)));
  }

  /** Says hello, and asks for one if there has been none. */
  say(): void {
    this.#hellos++;
    this.#lastHello = performance.now();
    this.#hasAnswered = this.isHeard;
    this.#latest = this.#hello(this.#peer, !this.isHeard);
    this.#side.outbox.push(this.#latest);
    if (this.isHeard || !this.#side.link.forgetsEarlyFrames) return;
    const wait = FIRST_REPEAT * 2 ** Math.min(this.#hellos - 1, MOST_HELLOS - 1);
    clearTimeout(this.#timer);
    this.#timer = startTimer(() => this.#repeat(), wait).unref();
  }

  /** No hello will come any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #repeat(): void {
    this.#timer = undefined;
    if (this.#hellos < MOST_HELLOS || this.#side.isAwaited) this.say();
  }

  /** Asks the peer whether it is still there, and then the rival. */
  #challenge(rival: string): void {
    if (this.#rival?.identity !== rival) this.#rival = { identity: rival, sequence: newSequence() };
    const { outbox } = this.#side;
    outbox.pushFirst(this.#hello(this.#peer, true));
    outbox.pushFirst(this.#hello(rival, true), this.#rival.sequence);
  }

  /** The peer is still there. */
  #dismissRival(): void {
    if (!this.#rival) return;
    this.#setAside.add(this.#rival.identity);
    this.#rival = undefined;
    const [oldest] = this.#setAside;
    if (oldest !== undefined && this.#setAside.size > MOST_SET_ASIDE) this.#setAside.delete(oldest);
  }

  #hello(to: string | undefined, asks: boolean): Note {
    const { identity: from, name } = this.#host;
    const namespaces = this.#host.readyNamespaces();
    return new Note(helloItem({ from, seat: this.#seat, to, namespaces, asks, name }));
  }
}
