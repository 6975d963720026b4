import { Lane } from "../chain/lane.ts";
import type { Layer, Terminal } from "../chain/layer.ts";
import type { Chains } from "../chain/order.ts";
import { receive } from "../chain/receive.ts";
import { type BusError, callerOf } from "../errors/bus-error.ts";
import { check } from "../errors/check.ts";
import type { Link } from "../links/link.ts";
import type { EventRoute } from "../message/event-route.ts";
import type { InboundMessage } from "../message/inbound.ts";
import type { InboundAck } from "../message/inbound-ack.ts";
import type { Message } from "../message/message.ts";
import { type EmitOptions, readOptions } from "../message/options.ts";
import type { OutboundMessage, Stage } from "../message/outbound.ts";
import type { OutboundAck } from "../message/outbound-ack.ts";
import { OutboundEvent } from "../message/outbound-event.ts";
import type { Peer } from "../message/peer.ts";
import type { Namespace } from "../namespace/namespace.ts";
import type { Backlog } from "../outbox/backlog.ts";
import type { Outbox } from "../outbox/outbox.ts";
import type { Deadlines } from "../time/deadlines.ts";
import { cancelItem } from "../wire/items.ts";
import { Note } from "../wire/note.ts";
import type { Serialization } from "../wire/serialization.ts";
import type { Translator } from "./dialect.ts";
import type { Host } from "./host.ts";
import { type Obstructed, Opening, type Openings } from "./opening.ts";
import type { Unanswered } from "./unanswered.ts";

/** What a route asks of the peer it leads to. */
export interface RoutePeer extends Peer {
  readonly link: Link;
  readonly backlog: Backlog;
  readonly outbox: Outbox;
  readonly unanswered: Unanswered;
  readonly serialization: Serialization;
  readonly translator: Translator | undefined;
  nextId(): number;
  /** Says hello, unless that was done. */
  greet(): void;
  /** Why a message cannot be sent, if it cannot. */
  obstacle(sent: Obstructed): BusError | undefined;
  /** Who waits for its namespaces to open. */
  readonly openings: Openings;
  /** The route to a namespace that is in use. */
  route(namespace: string): Route;
  /** Forgets a route to a closed namespace as soon as nothing is on its way there. */
  retire(namespace: string): void;
}

/** The end of the chain of an ack: its receipt is settled by a layer. */
const reach: Terminal = (message) => {
  (message as InboundAck).reach();
  return undefined;
};

/**
 * The way out to one namespace of one peer: the lanes in which its messages cross the chain, and the
 * queue in which they wait until the namespace is ready.
 */
export class Route implements EventRoute<OutboundEvent> {
  readonly peer: Peer;
  readonly namespace: string;
  /** The namespace at the other end listens, and has listened since. */
  ready = false;
  /** It leads to a closed namespace, and is not needed once nothing is on its way. */
  isRetiring = false;
  /** It is not in use any more. */
  isFreed = false;
  /** Messages whose answer somebody wants, and that have not settled. */
  unanswered = 0;
  readonly acks: Lane<OutboundAck>;
  /** Who waits for it to be ready. */
  readonly opening: Opening;
  readonly #events: Lane<OutboundEvent>;
  readonly #host: Host;
  readonly #peer: RoutePeer;
  /** The namespace in this process, or what stands for it while there is none. */
  #local: Namespace;
  #generation: number;
  /** In order of emit. A message leaves it when the namespace is ready, or when it settles. */
  readonly #parked = new Set<OutboundEvent>();
  readonly #isAwaited = () => this.#parked.size > 0 || this.opening.isAwaited;

  readonly #openThere: () => readonly string[];

  constructor(host: Host, peer: RoutePeer, namespace: string, openThere: () => readonly string[]) {
    this.#host = host;
    this.#openThere = openThere;
    this.#peer = peer;
    this.peer = peer;
    this.namespace = namespace;
    this.opening = new Opening(peer, namespace, peer.openings);
    this.#local = host.local(namespace);
    this.#generation = host.generation;
    const route = {
      admit: (message: OutboundMessage) => this.#admit(message),
      leave: (message: OutboundMessage) => peer.backlog.release(message),
      idle: () => {
        host.progressed();
        if (this.isRetiring) peer.retire(namespace);
      },
    };
    this.#events = new Lane<OutboundEvent>({
      ...route,
      layers: (): readonly Layer[] => this.chains["outbound event"],
      hand: (event) => (event.transfer ? this.#handSocket(event) : this.#hand(event)),
    });
    this.acks = new Lane<OutboundAck>({
      ...route,
      layers: (): readonly Layer[] => this.chains["outbound ack"],
      hand: (ack) => this.#hand(ack),
    });
  }

  get deadlines(): Deadlines {
    return this.#host.deadlines;
  }

  get ackTimeout(): number {
    return this.#here().ackTimeout ?? this.#host.defaultAckTimeout;
  }

  get chains(): Chains {
    return this.#here().chains;
  }

  #here(): Namespace {
    if (this.#generation !== this.#host.generation) {
      this.#generation = this.#host.generation;
      this.#local = this.#host.local(this.namespace);
    }
    return this.#local;
  }

  get carriesHandles(): boolean {
    return this.#peer.link.carriesHandles;
  }

  /** Whether a message would have to wait: behind others, or for the namespace to be ready. */
  get mustWait(): boolean {
    return !this.ready || this.peer.state !== "up" || this.#parked.size > 0;
  }

  /** The namespace over there takes messages now. */
  get isOpen(): boolean {
    return this.ready && this.peer.state === "up";
  }

  /** The namespaces that the other end has open, whichever this one is: for the text of an error. */
  get openThere(): readonly string[] {
    return this.#openThere();
  }

  /** Little waits to be written. */
  get isWide(): boolean {
    return this.#peer.backlog.isWide;
  }

  /** Layers of the user's see the messages. */
  get isLayered(): boolean {
    return this.chains.isLayered;
  }

  get serialization(): Serialization {
    return this.#peer.serialization;
  }

  get passing(): OutboundEvent | undefined {
    return this.#events.running;
  }

  get isIdle(): boolean {
    return this.#events.isIdle && this.acks.isIdle && this.#parked.size === 0;
  }

  nextId(): number {
    return this.#peer.nextId();
  }

  /** What `emit`, the function that was called, does. Throws for wrong arguments, and what a guard throws. */
  send(
    event: string,
    data: unknown,
    options: EmitOptions | undefined,
    emit: (...parameters: never[]) => unknown,
  ): OutboundEvent {
    check.name(event, "an event");
    const message = this.make(event, data, readOptions(options));
    if (this.#host.stacks) message.calledFrom(callerOf(emit));
    this.guard(message);
    this.enter(message);
    return message;
  }

  /** A message that has not been sent. */
  make(event: string, data: unknown, options: EmitOptions | undefined): OutboundEvent {
    return new OutboundEvent(this, event, data, options);
  }

  /** Throws what the layers that guard the call throw. */
  guard(event: OutboundEvent): void {
    for (const layer of this.chains.guards) layer.guard?.(event);
  }

  /** Takes a message from its caller, and sends it, or tells it why it cannot be sent. */
  enter(event: OutboundEvent): void {
    event.accept();
    const obstacle = this.obstacle(event);
    this.#peer.greet();
    if (obstacle) {
      event.fail(obstacle);
      this.#peer.retire(this.namespace);
    } else if (!event.abandoned) {
      this.#events.enter(event);
    }
  }

  /** The route that is in use. */
  current(): Route {
    return this.isFreed ? this.#peer.route(this.namespace) : this;
  }

  /** Writes what is alone in its tick at once. */
  hurry(): void {
    this.#peer.outbox.hurry();
  }

  /** Why a message cannot be sent, if it cannot. */
  obstacle(sent: Obstructed): BusError | undefined {
    if (this.#host.state === "closed") return sent.cutOff("ERR_CLOSED", "this bus is closed");
    if (this.#here().state !== "closed") return this.#peer.obstacle(sent);
    return sent.cutOff("ERR_CLOSED", `namespace "${this.namespace}" is closed`);
  }

  /** Resolves when the namespace over there is ready; rejects when it cannot be any more. */
  async whenReady(): Promise<void> {
    const obstacle = this.obstacle(this.opening);
    this.#peer.greet();
    if (obstacle) throw obstacle;
    if (this.ready && this.peer.state === "up") return;
    const opened = this.opening.wait();
    this.#peer.translator?.awaits(this.namespace, this.#isAwaited);
    await opened;
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
    if (!this.#peer.backlog.reserve(event, most.bytes)) return false;
    this.#parked.add(event);
    this.#peer.translator?.awaits(this.namespace, this.#isAwaited);
    return true;
  }

  /** Keeps nothing of a message that has settled, wherever it waits. */
  letGo(event: OutboundEvent, stage: Stage): void {
    if (stage === "parked") this.#parked.delete(event);
    else if (stage === "chain") this.#events.forget();
    // In a bundle it is only one of many.
    else if (!event.bundled) this.#peer.outbox.abandoned();
  }

  release(event: OutboundEvent): void {
    this.#peer.backlog.release(event);
  }

  expectAnswer(): void {
    this.unanswered++;
  }

  answered(): void {
    this.unanswered--;
    if (this.#host.lines.areWaiting) this.#host.lines.lookSoon(this.namespace);
  }

  awaitAck(event: OutboundEvent): void {
    this.#peer.unanswered.add(event);
  }

  forget(event: OutboundEvent): void {
    this.#peer.unanswered.remove(event);
  }

  cancel({ id }: OutboundEvent, code: "ERR_ACK_TIMEOUT" | "ERR_CANCELLED"): void {
    this.#peer.outbox.push(new Note(cancelItem(id, code === "ERR_ACK_TIMEOUT")));
  }

  receive(ack: InboundMessage): boolean {
    return receive(this.chains["inbound ack"], ack, reach);
  }

  /** The namespace over there is ready: everything that waited goes, in order. */
  open(): void {
    this.ready = true;
    this.isRetiring = false;
    this.#unpark();
  }

  #unpark(): void {
    if (!this.ready) return;
    for (const event of this.#parked) {
      const written = event.writtenOut();
      if (written) {
        void written.then(() => this.#unpark());
        return;
      }
      this.#parked.delete(event);
      event.goOn();
      this.#peer.outbox.take(event);
    }
    this.opening.succeed();
  }

  /** Everything that has not reached the peer's outbox. */
  unfinished(): OutboundEvent[] {
    return [...this.#parked, ...this.#events.unfinished()];
  }

  /** The same, and the answers too. */
  onTheirWay(): OutboundMessage[] {
    return [...this.unfinished(), ...this.acks.unfinished()];
  }

  progressed(): void {
    this.#host.progressed();
  }

  report(error: BusError, message: Message): void {
    this.#host.report(error, message);
  }

  #hand(message: OutboundMessage): undefined {
    this.#peer.outbox.take(message);
  }

  /** What was written to a socket leaves before it; what comes after in the lane waits as well. */
  #handSocket(event: OutboundEvent): Promise<void> | undefined {
    const written = event.writtenOut();
    if (!written) return this.#hand(event);
    if (!this.#peer.backlog.reserve(event)) return undefined;
    return written.then(() => this.#hand(event));
  }

  /** A message has to wait its turn. Nobody can change what it was sent with meanwhile, but its layers may. */
  #admit(message: OutboundMessage): boolean {
    if (!this.#peer.backlog.claim(message)) return false;
    if (message.kind === "event") (message as OutboundEvent).startTime();
    return true;
  }
}
