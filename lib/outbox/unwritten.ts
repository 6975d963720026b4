import { type Link, PIPE, type SendFailure } from "../links/link.ts";
import { nextTickOutside } from "../time/context.ts";
import { Note } from "../wire/note.ts";
import type { Parcel } from "../wire/parcel.ts";
import type { Backlog } from "./backlog.ts";
import type { Encoded } from "./frames.ts";
import type { Step } from "./progress.ts";
import { handleOf } from "./transfer.ts";

/** What is asked of the peer whose frames are written. */
interface UnwrittenPeer {
  readonly link: Link;
  readonly backlog: Backlog;
}

/** What is asked of the outbox whose frames are written. */
export interface UnwrittenOutbox {
  /** The system has taken a frame, or it failed. */
  ended(parcels: readonly Parcel[], step: Step, failure: SendFailure | undefined): void;
}

const NOTHING: readonly Parcel[] = [];

/** A frame that was given to the channel. */
class Given {
  /** None any more when it is over: a list that V8 has not collected may hold this for long, and must not hold those. */
  parcels: readonly Parcel[];
  readonly bytes: number;
  readonly step: Step;
  /** The link has returned. */
  isGiven = false;
  isOver = false;

  constructor(parcels: readonly Parcel[], bytes: number, step: Step) {
    this.parcels = parcels;
    this.bytes = bytes;
    this.step = step;
  }
}

/**
 * The frames that were given to the channel of one peer and have not left this process. In a list: a `Set` that is always
 * added to and deleted from is copied all the time, and each dead copy keeps the next one, with all that is in it.
 */
export class Unwritten {
  readonly #peer: UnwrittenPeer;
  readonly #outbox: UnwrittenOutbox;
  /** In order, in which they nearly always leave. */
  #frames: Given[] = [];
  /** More of them, and everything else waits in the outbox. */
  readonly #most: number;
  /** The link asks to wait until they have left. */
  #isBlocked = false;
  /** It takes nothing at all: it is broken, or keeps nothing for now that it cannot send. */
  #isShut = false;
  /** Their bytes count no more. */
  #isLetGo = false;

  constructor(peer: UnwrittenPeer, outbox: UnwrittenOutbox) {
    this.#peer = peer;
    this.#outbox = outbox;
    this.#most = (peer.link.pace ?? PIPE).mostUnwritten;
  }

  /** How many they are. */
  get size(): number {
    return this.#frames.length;
  }

  /** Whether so many of them are notes between the buses. */
  hasNotes(most: number): boolean {
    if (this.#frames.length < most) return false;
    return this.#frames.filter(({ parcels }) => parcels[0] instanceof Note).length >= most;
  }

  /** What is in them. */
  get parcels(): Parcel[] {
    return this.#frames.flatMap(({ parcels }) => parcels);
  }

  /** Whether the channel has so much that what comes has to wait. */
  get isFull(): boolean {
    return this.#isBlocked || this.#frames.length >= this.#most || this.#peer.backlog.isFull;
  }

  /** Whether nothing more can be given to it. */
  get isShut(): boolean {
    return this.#isShut;
  }

  /** The link asks to wait, or says that it takes frames again. */
  flow(isOpen: boolean): void {
    this.#isShut = this.#isBlocked = !isOpen;
  }

  /** Gives a frame to the channel. Throws what that throws. */
  give({ frame, parcels, bytes }: Encoded, step: Step): void {
    const { link, backlog } = this.#peer;
    const given = new Given(parcels, bytes, step);
    this.#frames.push(given);
    backlog.give(bytes);
    try {
      const isWritable = link.send(frame, handleOf(parcels[0]), (failure) => {
        if (given.isGiven) this.#end(given, failure);
        // Whoever wraps a `send` may call back at once; what is in the frame has not been told yet that it was written.
        else nextTickOutside(() => this.#end(given, failure));
      });
      given.isGiven = true;
      if (!isWritable && !given.isOver) this.#isBlocked = true;
    } catch (error) {
      if (!given.isOver) this.#leave(given);
      throw error;
    }
  }

  #end(given: Given, failure: SendFailure | undefined): void {
    if (given.isOver) return;
    const { parcels, step } = given;
    this.#leave(given);
    if (failure === "channel") this.flow(false);
    this.#outbox.ended(parcels, step, failure);
  }

  #leave(given: Given): void {
    given.isOver = true;
    given.parcels = NOTHING;
    if (this.#frames[0] === given) this.#frames.shift();
    else this.#frames = this.#frames.filter((each) => each !== given);
    if (this.#isLetGo) return;
    this.#peer.backlog.took(given.bytes);
    if (this.#frames.length === 0) this.#isBlocked = this.#isShut;
  }

  /** Nobody waits for them any more, but for one that `stays`, by the first parcel in it. Returns whether there is one. */
  letGo(stays: (first: Parcel | undefined) => boolean): boolean {
    const { backlog } = this.#peer;
    this.#isLetGo = true;
    this.#frames = this.#frames.filter(({ parcels }) => stays(parcels[0]));
    backlog.took(backlog.unwritten);
    return this.#frames.length > 0;
  }
}
