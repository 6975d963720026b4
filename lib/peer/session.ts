import { BusError, type End, howEnded, messageOf } from "../errors/bus-error.ts";
import { Hold } from "../links/hold.ts";
import type { Handle, Link, PeerKind, Serialization } from "../links/link.ts";
import { type Arrival, InboundEvent } from "../message/inbound-event.ts";
import type { Message } from "../message/message.ts";
import { OutboundAck } from "../message/outbound-ack.ts";
import { OutboundEvent } from "../message/outbound-event.ts";
import { Room } from "../outbox/backlog.ts";
import { Outbox } from "../outbox/outbox.ts";
import { noteUse } from "../outbox/sharing.ts";
import { failRemains } from "../outbox/unsent.ts";
import { name, number, readEvent, readEvents } from "../wire/decode.ts";
import { decodeFrame } from "../wire/encode.ts";
import { discard, putBack } from "../wire/handle.ts";
import { Control } from "../wire/note.ts";
import { Flag, Item, PROTOCOL, type WireItem } from "../wire/protocol.ts";
import { estimateSize } from "../wire/size.ts";
import { Farewell } from "./closing.ts";
import { Running } from "./handling.ts";
import { Greeting } from "./handshake.ts";
import type { Host } from "./host.ts";
import { Pending } from "./pending.ts";
import { Route } from "./route.ts";

/**
 * `connecting` until the other side's bus has said hello, `closing` once it has said that it closes,
 * `down` when the other side is gone.
 */
export type PeerState = "connecting" | "up" | "closing" | "down";

/** Namespaces that a peer may announce; more is not a use, but an attack. */
const MOST_NAMESPACES = 10_000;

/** The bus at the other end of a link. */
export class Peer {
  /** Unique among the peers of this process: `worker:1`, `child:4242`, `thread:1`, `port:1`, `parent`. */
  readonly id: string;
  readonly kind: PeerKind;
  #state: PeerState = "connecting";

  /** How many frames, or parts of them, came that no bus of this version sends. They were ignored. */
  protocolErrors = 0;

  /** @internal */
  readonly link: Link;
  /** @internal */
  readonly room: Room;
  /** @internal */
  readonly hold: Hold;
  /** @internal */
  serialization: Serialization;
  /** @internal */
  readonly outbox: Outbox;
  /** @internal */
  lastFrameSize = 0;

  readonly #host: Host;
  readonly #routes = new Map<string, Route>();
  readonly #pending: Pending;
  readonly #running: Running;
  #lastId = 0;
  #lastFrame = 0;
  readonly #greeting: Greeting;
  /** Why nothing can be sent any more. */
  #downError: BusError | undefined;
  readonly #farewell: Farewell;
  #arrivedHandle: { id: number; arrived: boolean } | undefined;

  /** @internal With a reason, the peer is down from the start. */
  constructor(host: Host, link: Link, absent?: BusError) {
    this.#host = host;
    this.link = link;
    this.id = link.id;
    this.kind = link.kind;
    this.serialization = link.serialization;
    this.hold = new Hold(link);
    this.room = new Room(this, host.limits);
    this.outbox = new Outbox(this, () => host.progressed());
    this.#greeting = new Greeting(link, this.outbox, () => host.readyNamespaces());
    this.#farewell = new Farewell(this.outbox);
    this.#pending = new Pending(link.id);
    this.#running = new Running(host);
    if (absent || link.ended) {
      this.#state = "down";
      this.#downError = absent ?? this.#death(link.ended ?? {});
    } else {
      link.open(this);
    }
  }

  get state(): PeerState {
    return this.#state;
  }

  /** Whether the namespace has been opened over there, so that messages do not wait. */
  isReady(namespace: string): boolean {
    return this.#state === "up" && this.#routes.get(namespace)?.ready === true;
  }

  /**
   * False when much waits for the peer: a quarter of `limits.pending`. A careful sender then waits for
   * `drained()`; one that goes on gets `ERR_QUEUE_FULL` when the room is full.
   */
  get writable(): boolean {
    return this.#state === "up" && this.room.isWide;
  }

  /** Resolves when most of what waits for the peer has been written; at once if little does, or the peer is gone. */
  async drained(): Promise<void> {
    if (this.#state !== "down") await this.room.drained();
  }

  /** @internal The other side's bus has been heard of. */
  get isUp(): boolean {
    return this.#greeting.isHeard;
  }

  /** @internal */
  get canCarryHandles(): boolean {
    return this.link.carriesHandles;
  }

  /** @internal */
  nextId(): number {
    return ++this.#lastId;
  }

  /** @internal */
  route(namespace: string): Route {
    let route = this.#routes.get(namespace);
    if (!route) {
      route = new Route(this.#host, this, namespace);
      this.#routes.set(namespace, route);
    }
    return route;
  }

  /** @internal Why a message cannot be sent, if it cannot. */
  obstacle(event: OutboundEvent): BusError | undefined {
    const down = this.#downError;
    if (down) return event.cutOff(down.code, down.message, down);
    const { namespace } = event;
    const hasClosedBus = this.#farewell.hasClosed(undefined);
    if (!hasClosedBus && !this.#farewell.hasClosed(namespace)) return undefined;
    const closed = hasClosedBus ? "its bus" : `namespace "${namespace}"`;
    return event.cutOff("ERR_CLOSED", `${this.id} closes ${closed}`);
  }

  /** @internal Says hello, unless that was done. */
  greet(): void {
    if (this.#state !== "down") this.#greeting.begin();
  }

  /** @internal Tells that a namespace listens here. */
  announce(namespace: string): void {
    this.#greeting.announce(namespace);
    this.link.opened?.(namespace);
  }

  /** @internal Tells that no further messages are accepted: of one namespace, or of any. */
  announceClosing(namespace?: string): void {
    if (this.#greeting.isHeard && this.#state !== "down") this.#farewell.announce(namespace);
  }

  /** @internal Whether the other side knows that no more is accepted: nothing else of it is on its way. */
  hasSeenClosing(namespace?: string): boolean {
    return this.#state === "down" || this.#farewell.isSeen(namespace);
  }

  /** @internal The end of the outbound chain: into the frame of this tick. */
  hand(message: OutboundEvent | OutboundAck): void {
    if (message.stage !== "chain") return;
    if (this.#downError && message.kind === "ack") {
      message.discard();
      return;
    }
    message.size = estimateSize(message.payload);
    if (!this.room.fits(message, message.size)) return;
    if (!this.outbox.holds) noteUse(message.payload, message.size);
    else if (!this.room.reserve(message)) return;
    message.stage = "handed";
    const isBundled =
      message instanceof OutboundEvent && message.reserved > 0 && this.outbox.bundle(message);
    if (!isBundled) this.outbox.push(message);
  }

  /** @internal */
  awaitAck(event: OutboundEvent): void {
    this.#pending.add(event);
  }

  /** @internal */
  forget(event: OutboundEvent): void {
    this.#pending.remove(event);
  }

  /** @internal Tells the other side that the answer is of no use any more. */
  cancel(id: number, code: "ERR_ACK_TIMEOUT" | "ERR_CANCELLED"): void {
    this.outbox.push(new Control(Item.CANCEL, id, code === "ERR_ACK_TIMEOUT" ? 1 : 0));
  }

  /** @internal The listeners of an event have settled: answers it, or reports its failure. */
  settled(event: InboundEvent, failure: BusError | undefined): void {
    this.#running.end(event);
    if (!event.wantsAck) {
      if (failure) this.report(failure, event);
    } else if (this.#state !== "down") {
      this.#acksTo(event.namespace, new OutboundAck(event, failure));
    }
    this.#host.progressed();
  }

  /** @internal */
  report(error: BusError, message: Message): void {
    this.#host.report(error, message);
  }

  /** @internal */
  get inFlight(): number {
    return this.#pending.size;
  }

  /** @internal Tells, whenever it is asked, whether everything has left that was emitted so far. */
  whenFlushed(): () => boolean {
    const unfinished = new Set([...this.#routes.values()].flatMap((route) => route.onTheirWay()));
    let isPast: (() => boolean) | undefined;
    return () => {
      if (this.#state === "down") return true;
      for (const message of unfinished) {
        if (message.stage === "chain" || message.stage === "parked") return false;
        unfinished.delete(message);
      }
      isPast ??= this.outbox.whenPast();
      return isPast();
    };
  }

  /** @internal Everything that was emitted has been written. */
  get isFlushed(): boolean {
    if (this.#state === "down") return true;
    return this.outbox.isIdle && [...this.#routes.values()].every((route) => route.isIdle);
  }

  /** @internal Whether events of the peer are being handled: in one namespace, or in any. */
  isHandling(namespace?: string): boolean {
    return this.#running.has(namespace);
  }

  /** @internal Everything this side has emitted that has not settled. */
  unsettled(namespace?: string): OutboundEvent[] {
    const routes =
      namespace === undefined
        ? [...this.#routes.values()]
        : [this.#routes.get(namespace)].filter((route) => route !== undefined);
    const all = [...this.#pending.values(), ...routes.flatMap((route) => route.unfinished())];
    return namespace === undefined ? all : all.filter((event) => event.namespace === namespace);
  }

  /** @internal Lets go of the channel. What is pending has been settled before. */
  detach(error: BusError): void {
    if (this.#state === "down") return;
    if (this.#greeting.wasSaid) this.#farewell.leave();
    this.link.detach();
    this.#end(error, {}, false);
  }

  // What the link tells.

  /** @internal */
  frame(body: unknown, handle: Handle | undefined): void {
    try {
      this.#receiveFrame(body, handle);
    } catch (error) {
      if (handle) discard(handle);
      this.#protocolError(`malformed: ${messageOf(error)}`);
    }
  }

  /** @internal */
  closed(end: End): void {
    if (this.#state === "down") return;
    this.link.detach();
    this.#end(this.#death(end), end, true);
  }

  #receiveFrame(body: unknown, handle: Handle | undefined): void {
    const { number, items, size, isText } = decodeFrame(body);
    // A channel of Node may deliver again what it had buffered when somebody's listener threw.
    if (number <= this.#lastFrame) return;
    this.#lastFrame = number;
    if (isText && this.serialization === "unknown") this.serialization = "advanced";
    this.lastFrameSize = size;
    this.items(items, handle);
  }

  /** @internal */
  items(items: WireItem[], handle: Handle | undefined): void {
    let untaken = handle;
    for (const item of items) {
      try {
        if (this.#receive(item, untaken)) untaken = undefined;
      } catch (error) {
        this.#protocolError(messageOf(error));
      }
    }
    if (untaken) discard(untaken);
  }

  /** Returns whether the handle belongs to the item. */
  #receive(item: WireItem, handle: Handle | undefined): boolean {
    const head = item[0] as number;
    switch (head & 15) {
      case Item.HELLO:
        this.#receiveHello(item);
        break;
      case Item.READY:
        // Without the hello before it, which got lost then, it is too early.
        if (this.#greeting.isKnown) this.#receiveReady(name(item[1]));
        break;
      case Item.EVENT:
        if ((head & Flag.RUN) === 0) return this.#receiveEvent(item, handle);
        readEvents(item, this.#handle);
        break;
      case Item.ACK:
        this.#pending.receive(item);
        break;
      case Item.HANDLE_CHECK:
        this.#tellOfHandle(number(item[1]));
        break;
      case Item.HANDLE_RESULT:
        this.outbox.transferred(number(item[1]), item[2] === true);
        break;
      case Item.CANCEL:
        this.#receiveCancel(number(item[1]), item[2] === 1);
        break;
      case Item.CLOSING:
        this.#receiveClosing(item[1] === 0 ? undefined : name(item[1]), item[2]);
        break;
      default:
        throw new TypeError(`an item of unknown kind ${head & 15}`);
    }
    return false;
  }

  #receiveHello(item: WireItem): void {
    const [, major, minor, , namespaces, asks, probe] = item;
    if (!Array.isArray(namespaces)) throw new TypeError("a hello without namespaces");
    const isFirst = !this.#greeting.isHeard;
    if (isFirst) {
      if (major !== PROTOCOL.major) {
        this.#refuse(`it speaks protocol ${String(major)}.${String(minor)}`);
        return;
      }
      // Only a channel with `advanced` serialization carries a NaN.
      if (this.serialization === "unknown") {
        this.serialization = Number.isNaN(probe) ? "advanced" : "json";
      }
    }
    this.#greeting.hear(asks === 1);
    if (isFirst) this.#goUp();
    // What it says before it knows of this side it will say again.
    if (!this.#greeting.isKnown) return;
    for (const namespace of namespaces) this.#receiveReady(name(namespace));
  }

  /** @internal */
  ready(namespace: string): boolean {
    if (this.#greeting.isHeard && this.isReady(namespace)) return false;
    this.#goUp();
    this.#receiveReady(namespace);
    return true;
  }

  #goUp(): void {
    if (this.#state !== "connecting") return;
    this.#state = "up";
    this.#host.peerUp(this);
  }

  #receiveReady(namespace: string): void {
    if (!this.#mayHaveRoute(namespace)) {
      throw new RangeError(`more than ${MOST_NAMESPACES} namespaces`);
    }
    const route = this.route(namespace);
    if (route.ready) return;
    route.open();
    this.#host.peerReady(this, namespace);
  }

  #receiveEvent(item: WireItem, handle: Handle | undefined): boolean {
    const { arrival, unread, expectsHandle } = readEvent(item, handle);
    if (expectsHandle) {
      this.#arrivedHandle = { id: arrival.id, arrived: handle !== undefined };
      // The sender learns it by the check that follows; no listener runs.
      if (!handle) return false;
      if (unread !== undefined) putBack(handle, unread);
    }
    this.#handle(arrival);
    return arrival.handle !== undefined;
  }

  readonly #handle = (arrival: Arrival): void => {
    this.#running.start(new InboundEvent(this, arrival));
  };

  /** Right behind a handle the sender asks whether it came: only one can be under way. */
  #tellOfHandle(id: number): void {
    const arrived = this.#arrivedHandle?.id === id && this.#arrivedHandle.arrived;
    this.outbox.pushFirst(new Control(Item.HANDLE_RESULT, id, arrived));
  }

  #receiveCancel(id: number, isTimeout: boolean): void {
    const error = isTimeout
      ? new BusError("ERR_ACK_TIMEOUT", "the sender's time for the answer is over")
      : new BusError("ERR_CANCELLED", "the sender has cancelled the message");
    this.#running.abort(id, error);
  }

  #receiveClosing(namespace: string | undefined, step: unknown): void {
    if (namespace !== undefined && !this.#mayHaveRoute(namespace)) return;
    if (this.#farewell.receive(namespace, step)) {
      if (namespace === undefined) this.#state = "closing";
      for (const event of this.unsettled(namespace)) {
        const obstacle = this.obstacle(event);
        if (obstacle && (event.stage !== "written" || this.#farewell.isGone)) event.fail(obstacle);
      }
    }
    this.#host.progressed();
  }

  /** A peer that makes up namespaces gets its answers, but no lane for each. */
  #acksTo(namespace: string, ack: OutboundAck): void {
    const route = this.#routes.get(namespace);
    if (route) route.acks.enter(ack);
    else if (this.#mayHaveRoute(namespace)) this.route(namespace).acks.enter(ack);
    else this.hand(ack);
  }

  #mayHaveRoute(namespace: string): boolean {
    return this.#routes.size < MOST_NAMESPACES || this.#routes.has(namespace);
  }

  /** The other side cannot be understood: everything to it fails from here on, with a reason. */
  #refuse(what: string): void {
    const error = new BusError(
      "ERR_PROTOCOL",
      `${this.id} cannot be understood: ${what}, this side speaks ${PROTOCOL.major}`,
    );
    this.#host.protocolError(error, this);
    this.link.detach();
    this.#end(error, {}, false);
  }

  #protocolError(what: string): void {
    this.protocolErrors++;
    const text = `a frame of ${this.id} was ignored: ${what}`;
    this.#host.protocolError(new BusError("ERR_PROTOCOL", text), this);
  }

  #death(end: End): BusError {
    return new BusError("ERR_PEER_DIED", `${this.id} ${howEnded(end)}`, { ...end, executed: "no" });
  }

  /** One of the exits; each of them settles all that is pending. */
  #end(error: BusError, end: End, isChannelOver: boolean): void {
    this.#state = "down";
    this.#downError = error;
    this.#greeting.end();
    const left = this.outbox.close();
    const fail = (event: OutboundEvent) => event.fail(event.cutOff(error.code, error.message, end));
    for (const event of this.unsettled()) fail(event);
    failRemains(left, (namespace) => this.route(namespace), fail);
    this.outbox.letGo(isChannelOver);
    this.#running.abortAll(error);
    this.room.close();
    this.#host.peerDown(this, error);
  }
}

/** What `console.log` shows of a peer. */
Object.defineProperty(Peer.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: Peer): object {
    return { id: this.id, kind: this.kind, state: this.state };
  },
});
