import { Layers } from "../chain/order.ts";
import { Lines } from "../dispatch/lines.ts";
import type { BusError } from "../errors/bus-error.ts";
import type { Connector } from "../links/connector.ts";
import type { Link } from "../links/link.ts";
import type { Message } from "../message/message.ts";
import type { Peer } from "../message/peer.ts";
import { ackTracking } from "../middleware/ack-tracking.ts";
import { fdGuard } from "../middleware/fd-guard.ts";
import { logging } from "../middleware/logging.ts";
import { namespacing } from "../middleware/namespacing.ts";
import { nodeDebug } from "../middleware/node-debug.ts";
import { queueing } from "../middleware/queueing.ts";
import type { Finder } from "../namespace/listeners.ts";
import { Namespace } from "../namespace/namespace.ts";
import { Total } from "../outbox/backlog.ts";
import { defaultBounds, type Limits } from "../outbox/limits.ts";
import type { Host, Scope } from "../peer/host.ts";
import { newIdentity } from "../peer/identity.ts";
import { RecentNames } from "../peer/recent-names.ts";
import type { Session } from "../peer/session.ts";
import { failUnsettled, waitsFor } from "../peer/unfinished.ts";
import { Deadlines } from "../time/deadlines.ts";
import { limitsOf } from "./checked-limits.ts";
import { Drain } from "./drain.ts";
import { Lifecycle, warn } from "./lifecycle.ts";
import type { Membership } from "./membership.ts";
import { Peers } from "./peers.ts";

const DEFAULT_ACK_TIMEOUT = 10_000;

/** What all buses of one process share: namespaces, peers, layers, time. */
export class Hub implements Host {
  readonly lifecycle: Lifecycle = new Lifecycle();
  readonly deadlines: Deadlines = new Deadlines();
  readonly bounds: Limits = defaultBounds();
  readonly limits: Limits = limitsOf(this.bounds);
  readonly total: Total = new Total();
  readonly layers: Layers = new Layers([
    logging(),
    namespacing(),
    ackTracking(),
    queueing(),
    fdGuard(),
  ]);
  readonly peers: Peers;
  readonly lines: Lines = new Lines();
  readonly memberships: Set<Membership> = new Set();
  /** Milliseconds, for every namespace that has not its own. */
  defaultAckTimeout: number = DEFAULT_ACK_TIMEOUT;
  /** Errors show who emitted the message they are about. */
  stacks: boolean = nodeDebug() !== undefined;
  state: Namespace["state"] = "open";
  generation = 0;
  #name: string | undefined;

  #identity: string | undefined;
  readonly #namespaces = new Map<string, Namespace>();
  /** Stands for every namespace that nothing here has asked for. */
  readonly #nowhere: Namespace = new Namespace("", this.layers.of(undefined), () => undefined);
  /** Stands for every namespace that was closed here. */
  readonly #shut: Namespace = new Namespace("", this.layers.of(undefined), () => undefined);
  readonly #closed = new RecentNames();
  readonly #drains = new Map<Scope, Drain>();
  #waiting: (() => void)[] = [];

  constructor(connectors: readonly Connector[]) {
    this.peers = new Peers(this, connectors);
    this.#shut.state = "closed";
  }

  // What the bus asks.

  get name(): string | undefined {
    return this.#name;
  }

  /** Throws an `Error` once a peer was told another. */
  set name(name: string | undefined) {
    if (name === this.#name) return;
    if (this.peers.all.some((peer) => peer.handshake.wasSaid)) {
      const text = `the bus cannot be called "${name}" any more: a peer was told so already; set bus.name before on() and to()`;
      throw new Error(text);
    }
    this.#name = name;
  }

  /** How long an ack may take in a namespace, in ms. */
  ackTimeoutOf(namespace: string): number {
    return this.local(namespace).ackTimeout ?? this.defaultAckTimeout;
  }

  /** A namespace to work with: if there is none, or it was closed, a new one. While it is being closed, the next. */
  namespace(name: string): Namespace {
    const namespace = this.#namespaces.get(name);
    const make = () => new Namespace(name, this.layers.of(name), () => this.#updateHold());
    if (!namespace) return this.#register(make());
    if (namespace.state === "open") return namespace;
    namespace.successor ??= make();
    return namespace.successor;
  }

  /** Opens a namespace one turn from now, and takes part. */
  listen(namespace: Namespace): void {
    if (this.state !== "open") return;
    this.peers.listen();
    namespace.openSoon(() => this.open(namespace));
  }

  /** From now on the namespace takes messages. */
  open(namespace: Namespace): void {
    if (namespace.isReady || namespace.state !== "open" || this.state !== "open") return;
    if (this.#namespaces.get(namespace.name) !== namespace) {
      namespace.isDue = true;
      return;
    }
    namespace.isReady = true;
    for (const peer of this.peers.all) peer.announce(namespace.name);
  }

  /** Opens a namespace with listeners that are found when an event comes. */
  answer(namespace: Namespace, finder: Finder): void {
    namespace.listeners.finder = finder;
    this.listen(namespace);
  }

  /** Takes a link in, for tests and for what is not found by `to()`. */
  attach(link: Link): Session {
    return this.peers.attach(link);
  }

  /** Writes now what was emitted so far, as far as the peers are ready and the channels take it. */
  flush(): void {
    for (const peer of this.peers.all) peer.flush();
  }

  /** Resolves when everything emitted so far was written, or has failed. */
  async flushed(): Promise<void> {
    if (this.lines.areWaiting) await this.#until(this.lines.whenPlaced());
    const everyPeer = this.peers.all.map((peer) => peer.unfinished.whenFlushed());
    await this.#until(() => everyPeer.every((isFlushed) => isFlushed()));
  }

  /**
   * Closes one namespace, or all: refuses what comes from now on, lets the listeners finish that
   * are running, waits for what is still on its way, but not longer than `timeout` ms, and lets go. A
   * second close of the same may only shorten the first.
   */
  close(timeout: number, scope?: string): Promise<void> {
    let drain = this.#drains.get(scope);
    if (!drain) {
      if (scope !== undefined && this.#closed.has(scope)) return Promise.resolve();
      const asked = {
        waitsFor: () => [
          ...this.lines.waiting(scope).map(({ name }) => `a peer that is free for ${name}`),
          ...this.peers.all.flatMap((peer) => waitsFor(peer, scope)),
        ],
        progressed: () => this.progressed(),
      };
      const what = scope === undefined ? "the bus" : `namespace "${scope}"`;
      drain = new Drain(what, asked, (made) => this.#close(made, scope));
      this.#drains.set(scope, drain);
    }
    drain.shorten(timeout);
    return drain.over;
  }

  // What the peers ask.

  local(namespace: string): Namespace {
    const here = this.#namespaces.get(namespace);
    return here ?? (this.#closed.has(namespace) ? this.#shut : this.#nowhere);
  }

  readyNamespaces(): string[] {
    return [...this.#namespaces.values()].filter((each) => each.isReady).map(({ name }) => name);
  }

  closingScopes(): Scope[] {
    const closing = [...this.#namespaces.values()].filter(({ state }) => state !== "open");
    const names = [...closing.map(({ name }) => name), ...this.#closed];
    return this.state === "open" ? names : [undefined, ...names];
  }

  progressed(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
  }

  report(error: BusError, message: Message): void {
    this.lifecycle.report(error, message);
  }

  protocolError(error: BusError, peer: Peer): void {
    this.lifecycle.tell("protocolError", error, peer);
  }

  get identity(): string {
    this.#identity ??= newIdentity();
    return this.#identity;
  }

  succeed(peer: Peer): Session {
    return this.peers.succeed(peer);
  }

  peerSilent(text: string): void {
    warn(text, "CLUSTERPHONE_SILENCE");
  }

  peerUp(peer: Peer): void {
    this.peers.updateHold();
    this.peers.changed();
    this.lifecycle.tell("up", peer);
  }

  peerReady(peer: Peer, namespace: string): void {
    // Its namespace may have been closed before, and the way there is another now.
    this.peers.changed();
    // A function that chooses a group may look at any namespace.
    this.lines.lookSoon();
    this.lifecycle.tell("ready", peer, namespace);
  }

  peerCloses(): void {
    this.peers.changed();
    this.lines.lookSoon();
  }

  peerDown(peer: Peer, error: BusError): void {
    this.peers.remove(peer);
    this.lines.lookSoon();
    this.lifecycle.tell("down", peer, error);
    this.progressed();
  }

  // Its own.

  #updateHold(): void {
    this.peers.hold([...this.#namespaces.values()].some(({ listeners }) => !listeners.isEmpty));
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #close(drain: Drain, scope: Scope): Promise<void> {
    const { peers } = this;
    const closing = scope === undefined ? this : this.namespace(scope);
    const letGoOfLayers = scope === undefined ? undefined : this.layers.closing(scope);
    closing.state = "closing";
    const memberships = scope === undefined ? [...this.memberships] : [];
    for (const membership of memberships) membership.leaving();
    for (const peer of peers.all) peer.announceClosing(scope);
    const isPlaced = () => this.lines.isIdle(scope);
    const everyPeer = (isTrue: (peer: Session) => boolean) =>
      this.#until(() => drain.isOver || (isPlaced() && peers.all.every(isTrue)));
    // It is asked again at the end: a peer may have come up meanwhile, and sent before it was told.
    const isQuiet = ({ unfinished }: Session) =>
      unfinished.hasSeenClosing(scope) && !unfinished.isHandling(scope);
    await everyPeer(isQuiet);
    closing.state = "closed";
    await everyPeer((peer) => isQuiet(peer) && peer.unfinished.isDone(scope));
    drain.end();
    this.lines.failAll(scope);
    for (const peer of peers.all) failUnsettled(peer, scope);
    letGoOfLayers?.();
    if (closing instanceof Namespace) this.#free(closing);
    else this.#letGo();
    await Promise.all(memberships.map((membership) => membership.left()));
  }

  /** A closed namespace is forgotten, so that it can be opened again as if it were new. */
  #free(closed: Namespace): void {
    const { name, successor } = closed;
    this.#drains.delete(name);
    this.#namespaces.delete(name);
    this.lines.forget(name);
    closed.listeners.clear();
    if (successor) {
      successor.chains = this.layers.of(name);
      this.#register(successor);
      if (successor.isDue) this.open(successor);
    } else {
      this.#closed.add(name);
      this.generation++;
    }
    for (const peer of this.peers.all) peer.retire(name);
    this.#updateHold();
  }

  #register(namespace: Namespace): Namespace {
    this.#closed.delete(namespace.name);
    this.#namespaces.set(namespace.name, namespace);
    this.generation++;
    return namespace;
  }

  #letGo(): void {
    for (const namespace of this.#namespaces.values()) namespace.listeners.clear();
    this.peers.letGo();
  }
}
