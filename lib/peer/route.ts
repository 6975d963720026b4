import { Lane } from "../chain/lane.ts";
import type { Chains } from "../chain/order.ts";
import type { Layer } from "../chain/run.ts";
import type { BusError } from "../errors/bus-error.ts";
import type { OutboundAck } from "../message/outbound-ack.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import type { Namespace } from "../namespace/namespace.ts";
import type { Deadlines } from "../time/deadlines.ts";
import type { Host } from "./host.ts";
import type { Peer } from "./session.ts";

/**
 * The way out to one namespace of one peer: the lanes in which its messages cross the chain, and the
 * queue in which they wait until the namespace is ready.
 */
export class Route {
  readonly peer: Peer;
  readonly namespace: string;
  /** The namespace at the other end listens, and has listened since. */
  ready = false;
  readonly events: Lane<OutboundEvent>;
  readonly acks: Lane<OutboundAck>;
  readonly #host: Host;
  /** The namespace in this process, once there is one. */
  #local: Namespace | undefined;
  /** In order of emit. A message leaves it when the namespace is ready, or when it settles. */
  readonly #parked = new Set<OutboundEvent>();
  readonly #isAwaited = () => this.#parked.size > 0;

  constructor(host: Host, peer: Peer, namespace: string) {
    this.#host = host;
    this.peer = peer;
    this.namespace = namespace;
    const room = {
      admit: (message: OutboundEvent | OutboundAck) => this.#admit(message),
      leave: (message: OutboundEvent | OutboundAck) => peer.room.release(message),
      hand: (message: OutboundEvent | OutboundAck) => peer.hand(message),
      idle: () => host.progressed(),
    };
    this.events = new Lane<OutboundEvent>({
      ...room,
      layers: (): readonly Layer[] => this.chains["outbound event"],
    });
    this.acks = new Lane<OutboundAck>({
      ...room,
      layers: (): readonly Layer[] => this.chains["outbound ack"],
    });
  }

  get deadlines(): Deadlines {
    return this.#host.deadlines;
  }

  get ackTimeout(): number {
    return this.#here?.ackTimeout ?? this.#host.defaultAckTimeout;
  }

  get chains(): Chains {
    return this.#here?.chains ?? this.#host.chains;
  }

  get #here(): Namespace | undefined {
    this.#local ??= this.#host.local(this.namespace);
    return this.#local;
  }

  /** Whether a message would have to wait: behind others, or for the namespace to be ready. */
  get mustWait(): boolean {
    return !this.ready || this.peer.state !== "up" || this.#parked.size > 0;
  }

  get isIdle(): boolean {
    return this.events.isIdle && this.acks.isIdle && this.#parked.size === 0;
  }

  /** Lets a message wait, if the bounds allow it; otherwise it is settled, and no other is touched. */
  park(event: OutboundEvent, most: { bytes?: number; messages?: number } = {}): boolean {
    if (this.#parked.size >= (most.messages ?? Infinity)) {
      event.noRoom(
        "ERR_QUEUE_FULL",
        `${this.#parked.size} messages wait already, the most allowed`,
      );
      return false;
    }
    if (!this.peer.room.reserve(event, most.bytes)) return false;
    this.#parked.add(event);
    this.peer.link.awaits?.(this.namespace, this.#isAwaited);
    return true;
  }

  /** Forgets a parked message that has settled. */
  unpark(event: OutboundEvent): void {
    this.#parked.delete(event);
  }

  /** The namespace over there is ready: everything that waited goes, in order. */
  open(): void {
    this.ready = true;
    for (const event of this.#parked) {
      this.#parked.delete(event);
      event.stage = "chain";
      this.peer.hand(event);
    }
  }

  /** Everything that has not reached the peer's outbox. */
  unfinished(): OutboundEvent[] {
    return [...this.#parked, ...this.events.unfinished()];
  }

  /** The same, and the answers too. */
  onTheirWay(): (OutboundEvent | OutboundAck)[] {
    return [...this.unfinished(), ...this.acks.unfinished()];
  }

  progressed(): void {
    this.#host.progressed();
  }

  report(error: BusError, event: OutboundEvent): void {
    this.#host.report(error, event);
  }

  /** A message has to wait its turn. Nobody can change what it was sent with meanwhile, but its layers may. */
  #admit(message: OutboundEvent | OutboundAck): boolean {
    if (!this.peer.room.claim(message)) return false;
    if (message.kind === "event") message.startTime();
    return true;
  }
}
