import type { Chains } from "../chain/order.ts";
import type { BusError } from "../errors/bus-error.ts";
import type { InboundEvent } from "../message/inbound-event.ts";
import type { Message } from "../message/message.ts";
import type { Namespace } from "../namespace/namespace.ts";
import type { Limits } from "../outbox/backlog.ts";
import type { Deadlines } from "../time/deadlines.ts";
import type { Peer } from "./session.ts";

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
