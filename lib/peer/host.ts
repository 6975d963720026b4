import type { BusError } from "../errors/bus-error.ts";
import type { Message } from "../message/message.ts";
import type { Peer } from "../message/peer.ts";
import type { Namespace } from "../namespace/namespace.ts";
import type { Total } from "../outbox/backlog.ts";
import type { Limits } from "../outbox/limits.ts";
import type { Deadlines } from "../time/deadlines.ts";

/** A namespace, or `undefined` for the whole bus. */
export type Scope = string | undefined;

/** What a peer needs of the bus it belongs to. */
export interface Host {
  readonly deadlines: Deadlines;
  readonly limits: Limits;
  /** What waits for all peers. */
  readonly total: Total;
  readonly state: "open" | "closing" | "closed";
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
  peerUp(peer: Peer): void;
  peerReady(peer: Peer, namespace: string): void;
  peerDown(peer: Peer, error: BusError): void;
}
