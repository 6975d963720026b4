import type { Crossing, Middleware } from "./chain.ts";
import type { Deadlines } from "./deadlines.ts";
import type { BusError } from "./errors.ts";
import type { InboundAck, InboundEvent } from "./inbound.ts";
import type { Message } from "./message.ts";
import type { Peer } from "./peer.ts";
import type { Limits } from "./room.ts";

/** What a peer needs of the bus it belongs to. */
export interface Host {
  readonly deadlines: Deadlines;
  readonly limits: Limits;
  ackTimeout(namespace: string): number;
  layers(namespace: string, crossing: Crossing): readonly Middleware[];
  /** The namespaces that listen here. */
  readyNamespaces(): string[];
  /** Runs an event through the chain to the listeners, or an ack to its receipt. */
  receive(message: InboundEvent | InboundAck): Promise<void> | undefined;
  /** Something has settled or was written: whoever waits for that may look again. */
  progressed(): void;
  /** A failure that nobody has been told of. */
  report(error: BusError, message: Message): void;
  protocolError(error: BusError, peer: Peer): void;
  peerUp(peer: Peer): void;
  peerReady(peer: Peer, namespace: string): void;
  peerDown(peer: Peer, error: BusError): void;
}
