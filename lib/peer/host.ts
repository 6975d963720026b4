import type { BusError } from "../errors/bus-error.ts";
import type { Message } from "../message/message.ts";
import type { Peer } from "../message/peer.ts";
import type { Namespace } from "../namespace/namespace.ts";
import type { Total } from "../outbox/backlog.ts";
import type { Limits } from "../outbox/limits.ts";
import type { Deadlines } from "../time/deadlines.ts";
import type { Frame } from "../wire/decode.ts";
import type { Handle } from "../wire/handle.ts";

/** A namespace, or `undefined` for the whole bus. */
export type Scope = string | undefined;

/** A peer on the link of one before it. */
export interface Successor {
  /** A frame of it. Returns whether it was for us. */
  receive(frame: Frame, handle: Handle | undefined): boolean;
}

/** What waits for any peer of a group. */
export interface HostLines {
  /** Whether anything does. */
  readonly areWaiting: boolean;
  /** A peer may have become free: in a namespace, or in all. */
  lookSoon(scope?: Scope): void;
}

/** What a peer needs of the bus it belongs to. */
export interface Host {
  /** Tells this bus from every other. */
  readonly identity: string;
  /** What this bus is called, if it was given a name. */
  readonly name: string | undefined;
  readonly deadlines: Deadlines;
  readonly bounds: Readonly<Limits>;
  /** What waits for all peers. */
  readonly total: Total;
  readonly state: "open" | "closing" | "closed";
  /** What waits for any peer of a group. */
  readonly lines: HostLines;
  /** Whether errors show who emitted the message they are about. */
  readonly stacks: boolean;
  /** In ms, for namespaces that have not their own. */
  readonly defaultAckTimeout: number;
  /** Changes whenever a namespace comes, or goes. */
  readonly generation: number;
  /** What a namespace is in this process; one that stands for all where nothing here has asked for it. */
  local(namespace: string): Namespace;
  /** The namespaces that listen here. */
  readyNamespaces(): string[];
  /** What is closing here, or closed. */
  closingScopes(): Scope[];
  /** Something has settled or was written: whoever waits for that may look again. */
  progressed(): void;
  /** A failure that nobody has been told of. */
  report(error: BusError, message: Message): void;
  protocolError(error: BusError, peer: Peer): void;
  /** Another bus has taken a peer's place on its link. Returns the new peer. */
  succeed(peer: Peer): Successor;
  /** Something waits for a peer that says nothing. */
  peerSilent(text: string): void;
  peerUp(peer: Peer): void;
  peerReady(peer: Peer, namespace: string): void;
  /** A peer closes its bus, or a namespace. */
  peerCloses(): void;
  peerDown(peer: Peer, error: BusError): void;
}
