import type { Endpoint } from "../links/connector.ts";
import type { PeerKind } from "../links/link.ts";

/**
 * `connecting` until the other side's bus has said hello, `closing` once it has said that it closes,
 * `down` when the other side is gone.
 */
export type PeerState = "connecting" | "up" | "closing" | "down";

/** The bus at the other end of a link. */
export interface Peer {
  /** Unique among the peers of this process: `worker:1`, `child:4242`, `thread:1`, `port:1`, `parent`. */
  readonly id: string;
  /** What it is, seen from here; `"group"` on a message to any one of a group that ended before it had found one. */
  readonly kind: PeerKind | "group";
  /**
   * What its bus is called, as it says in its hello: its `bus.name`. `undefined` until it is heard, and where it has none.
   * Of a member on another machine it is the name it has joined by, which the server's permissions can enforce.
   */
  readonly name: string | undefined;
  /** Of a member of a mesh: which one of that name. */
  readonly instance: string | undefined;
  /** Of a member of a mesh: the machine that it says it runs on. */
  readonly host: string | undefined;
  /** The process that the peer is, or is a thread of; `undefined` where that is not known. */
  readonly pid: number | undefined;
  /**
   * The cluster worker, child process, thread or port behind the peer, so that a listener can act on whom it hears:
   * `message.peer.target`. Of `"parent"` there is none.
   */
  readonly target: Endpoint | undefined;
  readonly state: PeerState;
  /** How many frames, or parts of them, came that no bus of this version sends. They were ignored. */
  readonly protocolErrors: number;
  /**
   * False while the peer is coming up, and when much waits for it: a quarter of `limits.pending`. A careful sender
   * then waits for `drained()`; one that goes on gets `ERR_QUEUE_FULL` when the room is full. True again once the
   * peer closes or is gone: what is sent then fails at once, and waiting would change nothing.
   */
  readonly writable: boolean;
  /** How many messages of this process wait for an answer of the peer, those not counted that were not written yet. */
  readonly inFlight: number;
  /** Whether the namespace has been opened over there, so that messages do not wait. */
  isReady(namespace: string): boolean;
  /** Resolves when the peer is up and most of what waits for it has been written, or when it closes or is gone. */
  drained(): Promise<void>;
  /** Writes now what was emitted to this peer so far, as `bus.flush()` does. */
  flush(): void;
}
