import type { End } from "../errors/bus-error.ts";
import type { Handle } from "../wire/handle.ts";
import type { Serialization } from "../wire/serialization.ts";

/** What a peer is, seen from here. */
export type PeerKind = "worker" | "child" | "thread" | "port" | "parent" | "memory" | "remote";

/** Why a frame was not written: the channel is broken, or it could not take the handle and is sound. */
export type SendFailure = "channel" | "handle";

/** What a link tells the peer above it. None of the calls may throw. */
export interface LinkEvents {
  /**
   * A frame arrived; with a handle, or without the one that was sent along if it was lost. Returns whether it was for
   * us; one that other buses have made or are meant to get belongs to the other users of the channel. `waited` is how
   * long it was kept on the way, in ms, by a link that keeps what it cannot send.
   */
  frame(body: unknown, handle: Handle | undefined, waited?: number): boolean;
  /** A message arrived that is no frame of ours. Returns whether it is ours all the same, in another dialect. */
  foreign(message: unknown, handle: Handle | undefined): boolean;
  /** From now on frames are better kept above the link, or may be sent again. For links that can tell before they are asked. */
  flow(isOpen: boolean): void;
  /** The other side is gone, and everything that had arrived from it has been given to `frame`. Called once. */
  closed(end: End): void;
}

/** What suits a link: how much is put into a frame, and how many are given to it. */
export interface Pace {
  /** Messages in a frame at least, where there are so many and they are answered. */
  readonly leastInFrame: number;
  /** Frames that it was given and has not told to be done, beyond which everything waits above it. */
  readonly mostUnwritten: number;
}

/** A frame costs little on a channel of Node, and who is at the other end takes it soon. */
export const PIPE: Pace = { leastInFrame: 2, mostUnwritten: 64 };

/**
 * Carries frames, and handles where it can, to one peer. The seam between the bus and what
 * Node offers: nothing above it knows whether a process, a thread or a test is at the other end.
 */
export interface Link {
  readonly kind: PeerKind;
  /** For texts and logs, unique among the peers of a process: `worker:1`, `parent`. */
  readonly id: string;
  readonly serialization: Serialization;
  /** Whether handles can cross. */
  readonly carriesHandles: boolean;
  /** Whether frames sent before the other side listens may vanish, so that hellos have to be repeated. */
  readonly forgetsEarlyFrames: boolean;
  /** How the other side ended, if it was gone before we came. */
  readonly ended: End | undefined;

  /** What is sent now is encoded later, when nobody can catch what that throws. */
  readonly encodesLater: boolean;

  /** That of a pipe where a link has none. */
  readonly pace?: Pace;

  /** Starts to listen. Called once, before anything else. */
  open(events: LinkEvents): void;
  /** Tells somebody else from now on: another peer has taken the place of the first at the other end. */
  succeed(events: LinkEvents): void;
  /**
   * Sends one frame. Throws if it cannot be encoded; then nothing was sent.
   * `done` is called when the frame has left the memory of this process, or with the reason if nothing of
   * it was taken. Where the other side dies with a handle under way it may never be called.
   * Returns false if the caller should wait for that before it sends more.
   */
  send(frame: object, handle: Handle | undefined, done: (failure?: SendFailure) => void): boolean;
  /** Whether waiting for frames on this link keeps the process alive. It does not to begin with. */
  hold(alive: boolean): void;
  /**
   * Stops listening, leaving the channel as it was found. With `mayBeSentTo` the other side may not have seen that nobody
   * reads any more: a handle that it still sends is closed, unless somebody else takes it.
   */
  detach(mayBeSentTo?: boolean): void;
}
