import type { Deadlines } from "./deadlines.ts";
import type { BusError } from "./errors.ts";
import type { InboundEvent } from "./inbound.ts";
import type { Chains } from "./layers.ts";
import type { Message } from "./message.ts";
import type { Namespace } from "./namespace.ts";
import type { Peer } from "./peer.ts";
import type { Limits } from "./room.ts";

/** What a peer needs of the bus it belongs to. */
export interface Host {
  readonly deadlines: Deadlines;
  readonly limits: Limits;
  /** In ms, for namespaces that have not their own. */
  readonly defaultAckTimeout: number;
  /** The layers of namespaces that are not known here. */
  readonly chains: Chains;
  /** What a namespace is in this process, if anything here has asked for it. */
  local(namespace: string): Namespace | undefined;
  /** The namespaces that listen here. */
  readyNamespaces(): string[];
  /** Runs an event through the chain to the listeners. Returns whether it is still to settle. */
  receiveEvent(message: InboundEvent): boolean;
  /** Something has settled or was written: whoever waits for that may look again. */
  progressed(): void;
  /** A failure that nobody has been told of. */
  report(error: BusError, message: Message): void;
  protocolError(error: BusError, peer: Peer): void;
  peerUp(peer: Peer): void;
  peerReady(peer: Peer, namespace: string): void;
  peerDown(peer: Peer, error: BusError): void;
}
