import { EventEmitter } from "eventemitter3";
import { type Chains, Layers } from "../chain/order.ts";
import type { Terminal } from "../chain/run.ts";
import { BusError } from "../errors/bus-error.ts";
import type { Dialect } from "../links/dialect.ts";
import type { Link } from "../links/link.ts";
import type { Connection, Connector } from "../links/node.ts";
import { type InboundEvent, receive } from "../message/inbound-event.ts";
import type { Message } from "../message/message.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import { ackTracking } from "../middleware/ack-tracking.ts";
import { fdGuard } from "../middleware/fd-guard.ts";
import { logging } from "../middleware/logging.ts";
import { namespacing } from "../middleware/namespacing.ts";
import { queueing } from "../middleware/queueing.ts";
import { Namespace } from "../namespace/namespace.ts";
import type { Limits } from "../outbox/backlog.ts";
import type { Host } from "../peer/host.ts";
import { Peer } from "../peer/session.ts";
import { Deadlines, MAX_TIMEOUT } from "../time/deadlines.ts";

/** The local events of a bus. No peer can emit one. */
export interface LifecycleEvents {
  /** A peer's bus has said hello. */
  up: (peer: Peer) => void;
  /** A namespace of a peer takes messages from now on. */
  ready: (peer: Peer, namespace: string) => void;
  /** A peer is gone; the error says why. */
  down: (peer: Peer, error: BusError) => void;
  /** A message failed, here, and nobody had asked for its ack. */
  undelivered: (error: BusError, message: Message) => void;
  /** Something that no bus of this version sends came over a link; it was ignored. */
  protocolError: (error: BusError, peer: Peer) => void;
}

/** What `close` works on: a namespace, or all of them. */
interface Closable {
  state: "open" | "closing" | "closed";
  closing: Promise<void> | undefined;
}

const DEFAULT_ACK_TIMEOUT = 10_000;
const MEBIBYTE = 2 ** 20;

/** The end of the chain of an event whose namespace is unknown. */
const nowhere: Terminal = () => undefined;

/** What all buses of one process share: namespaces, peers, layers, time. */
export class Hub implements Host {
  readonly lifecycle: EventEmitter<LifecycleEvents> = new EventEmitter<LifecycleEvents>();
  readonly deadlines: Deadlines = new Deadlines();
  readonly limits: Limits = { pending: 16 * MEBIBYTE, message: 64 * MEBIBYTE };
  readonly layersUsed: Layers = new Layers([
    logging(),
    namespacing(),
    ackTracking(),
    queueing(),
    fdGuard(),
  ]);
  /** Milliseconds, for every namespace that has not its own. */
  defaultAckTimeout: number = DEFAULT_ACK_TIMEOUT;
  state: Closable["state"] = "open";
  closing: Promise<void> | undefined;

  readonly #connector: Connector;
  readonly #namespaces = new Map<string, Namespace>();
  readonly #peers = new Set<Peer>();
  readonly #peerByTarget = new WeakMap<object, Peer>();
  #dialect: Dialect | undefined;
  #parent: Peer | undefined;
  #watchesWorkers = false;
  #stopWatching: (() => void) | undefined;
  #holds = false;
  #waiting: (() => void)[] = [];
  /** Codes that have been warned of because nobody listens to `undelivered`. */
  readonly #warned = new Set<string>();

  constructor(connector: Connector) {
    this.#connector = connector;
  }

  // What the bus asks.

  namespace(name: string): Namespace {
    let namespace = this.#namespaces.get(name);
    if (!namespace) {
      namespace = new Namespace(name, this.layersUsed.of(name), () => this.#updateHold());
      this.#namespaces.set(name, namespace);
    }
    return namespace;
  }

  /** Opens a namespace one turn from now, and takes part: says hello to the parent, watches for workers. */
  listen(namespace: Namespace): void {
    if (this.state !== "open") return;
    this.parent();
    this.#watchWorkers();
    namespace.openSoon(() => this.open(namespace));
  }

  /** From now on the namespace takes messages. */
  open(namespace: Namespace): void {
    if (namespace.isReady || namespace.state !== "open" || this.state !== "open") return;
    namespace.isReady = true;
    for (const peer of this.#peers) peer.announce(namespace.name);
  }

  /** The peer behind whatever `to()` was given. Throws a `TypeError` if there can be none. */
  peerOf(target: unknown): Peer {
    this.#watchWorkers();
    const peer = target === "parent" ? this.parent() : this.#reach(target);
    peer.greet();
    return peer;
  }

  /** The peer above; in a process without one, a peer that never was. */
  parent(): Peer {
    if (this.#parent) return this.#parent;
    const connection = this.#connector.parent();
    if (connection) {
      this.#parent = this.#connect(connection);
      this.#parent.greet();
    } else {
      this.#parent = this.#absentParent();
    }
    return this.#parent;
  }

  get peers(): Peer[] {
    return [...this.#peers];
  }

  /** Takes a link in, for tests and for what is not found by `to()`. */
  attach(link: Link): Peer {
    const peer = new Peer(this, link);
    if (peer.state !== "down") {
      this.#peers.add(peer);
      peer.hold.set("listeners", this.#holds);
      if (this.#dialect) this.#teach(link, this.#dialect);
    }
    return peer;
  }

  /** From now on all links, those there are too, also speak the dialect, if they can learn one. */
  learn(dialect: Dialect): void {
    this.#dialect = dialect;
    for (const { link } of this.#peers) this.#teach(link, dialect);
  }

  /** Resolves when everything emitted so far was written, or has failed. */
  async flushed(): Promise<void> {
    const everyPeer = this.peers.map((peer) => peer.whenFlushed());
    await this.#until(() => everyPeer.every((isFlushed) => isFlushed()));
  }

  /**
   * Closes one namespace, or all: refuses what comes from now on, lets the listeners finish that
   * are running, waits for what is still on its way, but not longer than `timeout` ms, and lets go.
   */
  close(timeout: number, only?: Namespace): Promise<void> {
    const closing = only ?? this;
    closing.closing ??= this.#close(timeout, closing, only);
    return closing.closing;
  }

  closedError(event: OutboundEvent): BusError {
    const closed = this.state === "open" ? `namespace "${event.namespace}"` : "this bus";
    return event.cutOff("ERR_CLOSED", `${closed} is closed`);
  }

  // What the peers ask.

  local(namespace: string): Namespace | undefined {
    return this.#namespaces.get(namespace);
  }

  get chains(): Chains {
    return this.layersUsed.of(undefined);
  }

  readyNamespaces(): string[] {
    return [...this.#namespaces.values()].filter((each) => each.isReady).map(({ name }) => name);
  }

  receiveEvent(message: InboundEvent): boolean {
    const namespace = this.#namespaces.get(message.namespace);
    message.standing = this.state === "open" ? (namespace?.standing ?? "absent") : "closed";
    const layers = (namespace?.chains ?? this.chains)["inbound event"];
    return receive(layers, message, namespace?.dispatch ?? nowhere);
  }

  progressed(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
  }

  report(error: BusError, message: Message): void {
    if (this.#tell("undelivered", error, message)) return;
    if (this.#warned.has(error.code)) return;
    this.#warned.add(error.code);
    const hint =
      'Listen to bus.lifecycle "undelivered" to see every one; this is said once a code.';
    const detail = error.cause instanceof Error ? `${hint}\n${error.cause.stack}` : hint;
    process.emitWarning(error.message, { type: "ClusterphoneWarning", code: error.code, detail });
  }

  protocolError(error: BusError, peer: Peer): void {
    this.#tell("protocolError", error, peer);
  }

  peerUp(peer: Peer): void {
    // It comes too late to have been told.
    if (this.state !== "open") peer.announceClosing();
    for (const { name, state } of this.#namespaces.values()) {
      if (state !== "open") peer.announceClosing(name);
    }
    this.#tell("up", peer);
  }

  peerReady(peer: Peer, namespace: string): void {
    this.#tell("ready", peer, namespace);
  }

  peerDown(peer: Peer, error: BusError): void {
    this.#peers.delete(peer);
    this.#tell("down", peer, error);
    this.progressed();
  }

  // Its own.

  /** A lifecycle listener that throws disturbs nothing of the bus: it is an uncaught exception of its own. */
  #tell<Event extends keyof LifecycleEvents>(
    event: Event,
    ...parameters: Parameters<LifecycleEvents[Event]>
  ): boolean {
    try {
      return this.lifecycle.emit(event, ...(parameters as never));
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
      return true;
    }
  }

  #teach(link: Link, dialect: Dialect): void {
    link.learn?.(dialect);
    for (const namespace of this.readyNamespaces()) link.opened?.(namespace);
  }

  #reach(target: unknown): Peer {
    if (target instanceof Peer) return target;
    const connection = this.#connector.reach(target);
    return this.#connect(connection);
  }

  #connect(connection: Connection): Peer {
    let peer = this.#peerByTarget.get(connection.target);
    if (!peer && this.state !== "open") {
      return new Peer(this, connection.link(), new BusError("ERR_CLOSED", "this bus is closed"));
    }
    if (!peer) {
      peer = this.attach(connection.link());
      this.#peerByTarget.set(connection.target, peer);
    }
    return peer;
  }

  /** Cluster workers take part by themselves, also those that were forked before. They are listened to, no more. */
  #watchWorkers(): void {
    if (this.#watchesWorkers || this.state !== "open") return;
    this.#watchesWorkers = true;
    this.#stopWatching = this.#connector.watchWorkers((connection) => this.#connect(connection));
  }

  #absentParent(): Peer {
    const reason =
      "this process has no parent to talk to: it was not started by fork, cluster or Worker";
    return new Peer(this, this.#connector.noParent(), new BusError("ERR_NO_PEER", reason));
  }

  #updateHold(): void {
    const holds = [...this.#namespaces.values()].some(({ listeners }) => !listeners.isEmpty);
    if (holds === this.#holds) return;
    this.#holds = holds;
    for (const peer of this.#peers) peer.hold.set("listeners", holds);
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #close(timeout: number, closing: Closable, only?: Namespace): Promise<void> {
    const name = only?.name;
    closing.state = "closing";
    for (const peer of this.#peers) peer.announceClosing(name);
    let isOver = false;
    const giveUp = () => {
      isOver = true;
      this.progressed();
    };
    const timer = timeout <= MAX_TIMEOUT ? setTimeout(giveUp, timeout) : undefined;
    const everyPeer = (isTrue: (peer: Peer) => boolean) =>
      this.#until(() => isOver || this.peers.every(isTrue));
    // Once more in the end: a peer may have come up meanwhile, and sent before it was told.
    const isQuiet = (peer: Peer) => peer.hasSeenClosing(name) && !peer.isHandling(name);
    await everyPeer(isQuiet);
    closing.state = "closed";
    await everyPeer((peer) => isQuiet(peer) && peer.isFlushed && peer.unsettled(name).length === 0);
    clearTimeout(timer);
    for (const event of this.peers.flatMap((peer) => peer.unsettled(name))) {
      event.fail(this.closedError(event));
    }
    if (only) only.listeners.clear();
    else this.#letGo(new BusError("ERR_CLOSED", "this bus is closed"));
  }

  #letGo(error: BusError): void {
    this.#stopWatching?.();
    for (const namespace of this.#namespaces.values()) namespace.listeners.clear();
    for (const peer of this.peers) peer.detach(error);
  }
}
