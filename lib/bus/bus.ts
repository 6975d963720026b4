import type { EventEmitter } from "eventemitter3";
import type { Layer, Middleware } from "../chain/layer.ts";
import { Line } from "../dispatch/line.ts";
import { Any, type AnyOptions } from "../emit/any.ts";
import type { EventMap, EventName, Listener, Maps, Untyped } from "../emit/event-map.ts";
import { Group } from "../emit/group.ts";
import { Target } from "../emit/target.ts";
import { atCaller, BusError } from "../errors/bus-error.ts";
import { check, wrong } from "../errors/check.ts";
import type { Peer } from "../message/peer.ts";
import type { AnyListener } from "../namespace/listeners.ts";
import type { Namespace, NamespaceOptions } from "../namespace/namespace.ts";
import type { Limits } from "../outbox/limits.ts";
import type { Hub } from "./hub.ts";
import type { LifecycleEvents } from "./lifecycle.ts";
import { type Members, membersOf } from "./members.ts";
import type { GroupTarget, PeerTarget } from "./targets.ts";

/** The namespace of the central bus, as in version 1. */
export const DEFAULT_NAMESPACE = "_";

/** How long `close` waits by default, in ms. */
const DEFAULT_CLOSE_TIMEOUT = 10_000;

/** Options of `close`. */
export interface CloseOptions {
  /** Milliseconds after which it gives up waiting for listeners and acks; 10,000 by default. */
  readonly timeout?: number;
}

const CLOSE_OPTIONS: readonly (keyof CloseOptions)[] = ["timeout"];
const ANY_OPTIONS: readonly (keyof AnyOptions)[] = ["concurrency"];
const ANY_ELSEWHERE = {
  key: "it is an option of emit()",
  idempotent: "it is an option of emit()",
};
const NAMESPACE_OPTIONS: readonly (keyof NamespaceOptions)[] = ["ready"];

/**
 * The message bus of this process, seen from one namespace. `Incoming` and `Outgoing` map event
 * names to functions, `{ event(data: Data): Reply }`; without them any event goes.
 */
export class Bus<
  Incoming extends EventMap<Incoming> = Untyped,
  Outgoing extends EventMap<Outgoing> = Incoming,
> {
  declare protected readonly incoming?: Maps<Incoming>;
  declare protected readonly outgoing?: Maps<Outgoing>;
  /** Local events: `up`, `ready`, `down`, `undelivered`, `protocolError`. No peer can emit one. */
  readonly lifecycle: EventEmitter<LifecycleEvents>;
  readonly #hub: Hub;
  readonly #isCentral: boolean;
  readonly #isManual: boolean;
  readonly #targets = new WeakMap<Peer, Target<Outgoing>>();

  /** The namespace that this bus is a view of. */
  readonly namespace: string;

  /** @internal */
  constructor(hub: Hub, namespace: string, isCentral: boolean, isManual = false) {
    this.#hub = hub;
    this.namespace = namespace;
    this.#isCentral = isCentral;
    this.#isManual = isManual;
    this.lifecycle = hub.lifecycle.emitter;
  }

  /**
   * Adds a layer to the chain, on the central bus for every namespace. A built-in made by
   * `queueing()` and the like, or a function with a `slot`, takes that built-in's place.
   */
  use(middleware: Middleware): this {
    check.function(middleware, "a middleware");
    if (!this.#isCentral) this.#open();
    this.#hub.layers.use(middleware as Layer, this.#isCentral ? undefined : this.namespace);
    return this;
  }

  /**
   * Adds a listener; what it returns, or resolves to, is the reply. The namespace takes messages
   * one turn of the event loop after its first listener; one that was closed is opened again, as if it were new.
   * Throws `ERR_CLOSED` where the bus is closed.
   */
  on<Event extends EventName<Incoming>>(event: Event, listener: Listener<Incoming, Event>): this {
    this.#add("on", event, listener);
    return this;
  }

  /** Adds a listener for the next message only. */
  once<Event extends EventName<Incoming>>(event: Event, listener: Listener<Incoming, Event>): this {
    this.#add("once", event, listener);
    return this;
  }

  /** Removes a listener, or all of an event. The namespace stays ready. */
  off<Event extends EventName<Incoming>>(event: Event, listener?: Listener<Incoming, Event>): this {
    check.name(event, "an event");
    if (listener !== undefined) check.function(listener, "a listener");
    this.#hub.local(this.namespace).listeners.off(event, listener as AnyListener | undefined);
    return this;
  }

  /**
   * Chooses whom to talk to: a cluster worker, a child process, a thread, a port, a peer as in
   * `message.peer`, a member of a mesh by its name and instance, or `"parent"`. Throws a `TypeError` for anything else.
   */
  to(target: PeerTarget): Target<Outgoing> {
    const peer = this.#hub.peers.of(target);
    let known = this.#targets.get(peer);
    if (!known) {
      known = new Target(peer.route(this.namespace));
      this.#targets.set(peer, known);
    }
    return known;
  }

  /**
   * Chooses several peers: `"workers"`, `"children"`, `"threads"`, the name of buses, a list of what `to` takes, or a
   * function that is asked of each peer. Each member gets what is emitted, and has an outcome of its own. Throws a
   * `TypeError` for anything else.
   */
  all(group: GroupTarget): Group<Outgoing> {
    const members = this.#membersOf(group);
    const now = () => {
      this.#hub.peers.look();
      return members.now();
    };
    return new Group(this.#hub, this.namespace, { now });
  }

  /**
   * Chooses a group as `all` does, of which one peer gets each message: whichever is free. What waits for one waits in
   * what is returned, so keep it. Throws a `TypeError` for what is no group, and for wrong options.
   */
  any(group: GroupTarget, options: AnyOptions = {}): Any<Outgoing> {
    check.options(options, "any()", ANY_OPTIONS, ANY_ELSEWHERE);
    const { concurrency = Infinity } = options;
    if (!(concurrency >= 1 && (Number.isInteger(concurrency) || concurrency === Infinity))) {
      throw wrong("the option concurrency", "a whole number from 1 on, or Infinity", concurrency);
    }
    const members = this.#membersOf(group);
    const make = () => new Line(this.#hub, this.namespace, members, concurrency);
    const line =
      typeof group === "string"
        ? this.#hub.lines.known(`${this.namespace} ${concurrency} ${group}`, make)
        : make();
    return new Any<Outgoing>(this.#hub, line);
  }

  /** The bus of another namespace, with types of its own. */
  ns<In extends EventMap<In> = Untyped, Out extends EventMap<Out> = In>(
    name: string,
    options: NamespaceOptions = {},
  ): Bus<In, Out> {
    check.name(name, "a namespace");
    if (name === "clusterphone") {
      throw new TypeError('the namespace "clusterphone" is private to the package');
    }
    check.options(options, "ns()", NAMESPACE_OPTIONS);
    if (options.ready !== undefined && options.ready !== "auto" && options.ready !== "manual") {
      throw wrong("the option ready", '"auto" or "manual"', options.ready);
    }
    const isManual = options.ready === "manual";
    if (isManual) this.#hub.namespace(name).isManual = true;
    return new Bus<In, Out>(this.#hub, name, name === DEFAULT_NAMESPACE, isManual);
  }

  /**
   * What the bus of this process is called, in every namespace: other processes find it by that name, as in
   * `bus.any("orders")`. Peers are told in the hello, so it is set before the first `on` or `to`; later it throws an
   * `Error`. Anything but 1 to 64 letters, digits, `_` and `-`, and the names of other groups, throw a `TypeError`.
   */
  get name(): string | undefined {
    return this.#hub.name;
  }

  set name(name: string) {
    this.#hub.name = check.busName(name, "bus.name");
  }

  /** Everybody this process talks to or listens to, without those that are gone, and a parent whose bus was never heard. */
  get peers(): Peer[] {
    return this.#hub.peers.present;
  }

  /**
   * Bounds, shared by all namespaces: `pending` and `message`, in bytes. Setting one to anything but a number
   * from 0 on throws a `TypeError`.
   */
  get limits(): Limits {
    return this.#hub.limits;
  }

  /**
   * Whether errors show in their stack where the message was emitted; for the whole process. It takes about a
   * microsecond a message, and is off unless `NODE_DEBUG=clusterphone` is set. Setting it to anything but a boolean
   * throws a `TypeError`.
   */
  get stacks(): boolean {
    return this.#hub.stacks;
  }

  set stacks(areShown: boolean) {
    if (typeof areShown !== "boolean") throw wrong("stacks", "true or false", areShown);
    this.#hub.stacks = areShown;
  }

  /** @internal What all buses of the process share, for what is built on them. */
  get hub(): Hub {
    return this.#hub;
  }

  /** How long an ack may take, in ms: 10,000 by default, on the central bus for all namespaces that have not their own. */
  get ackTimeout(): number {
    return this.#hub.ackTimeoutOf(this.namespace);
  }

  set ackTimeout(timeout: number) {
    const milliseconds = check.timeout(timeout, "ackTimeout");
    if (this.#isCentral) this.#hub.defaultAckTimeout = milliseconds;
    else this.#open().ackTimeout = milliseconds;
  }

  /** Opens the namespace now; needed where it was made with `{ ready: "manual" }`. */
  ready(): this {
    this.#hub.peers.listen();
    this.#hub.open(this.#open());
    return this;
  }

  /**
   * Writes now what was emitted so far, in any namespace, not at the end of the tick: before code that computes without
   * a pause, or before a `disconnect()`. It ends the stretch in which `within` and `ackd` of those messages may be called.
   * What waits for its peer to be ready, for a layer, or for a channel that is full, goes on waiting.
   */
  flush(): void {
    this.#hub.flush();
  }

  /** Resolves when everything emitted so far has left this process, or has failed. */
  flushed(): Promise<void> {
    return this.#hub.flushed();
  }

  /**
   * Refuses new messages, lets running listeners finish and answers go out, and lets go of the
   * channel. On a namespaced bus it closes that namespace only.
   */
  close(options: CloseOptions = {}): Promise<void> {
    check.options(options, "close()", CLOSE_OPTIONS);
    const timeout = check.timeout(options.timeout ?? DEFAULT_CLOSE_TIMEOUT, "the option timeout");
    return this.#hub.close(timeout, this.#isCentral ? undefined : this.namespace);
  }

  #membersOf(group: GroupTarget): Members {
    const { peers } = this.#hub;
    // The parent may be among them, which nobody hears who does not listen.
    if (typeof group === "object") peers.watch();
    else peers.listen();
    return membersOf(group, peers);
  }

  #add(how: "on" | "once", event: unknown, listener: unknown): void {
    check.name(event, "an event");
    check.function(listener, "a listener");
    if (this.#hub.state === "closed") {
      const text = `a listener of "${event as string}" was not added: this bus is closed`;
      const about = { event: event as string, namespace: this.namespace };
      throw atCaller(new BusError("ERR_CLOSED", text, { about }), this[how]);
    }
    const namespace = this.#open();
    namespace.listeners[how](event as string, listener as AnyListener);
    this.#hub.listen(namespace);
  }

  /** The namespace to work with. It is new if it was closed. */
  #open(): Namespace {
    const namespace = this.#hub.namespace(this.namespace);
    if (this.#isManual) namespace.isManual = true;
    return namespace;
  }
}
