import type { BusError, End } from "../errors/bus-error.ts";
import type { Endpoint, Whereabouts } from "../links/connector.ts";
import { Hold } from "../links/hold.ts";
import type { Link, LinkEvents, PeerKind } from "../links/link.ts";
import type { EventPeer, InboundEvent } from "../message/inbound-event.ts";
import type { Message } from "../message/message.ts";
import { type AckPeer, OutboundAck } from "../message/outbound-ack.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import type { Peer, PeerState } from "../message/peer.ts";
import { Backlog } from "../outbox/backlog.ts";
import type { Limits } from "../outbox/limits.ts";
import { Outbox, type OutboxPeer } from "../outbox/outbox.ts";
import { failUnsent } from "../outbox/unsent.ts";
import { outside } from "../time/context.ts";
import type { Frame } from "../wire/decode.ts";
import type { Handle } from "../wire/handle.ts";
import type { AckArrival, Arrival, Hello } from "../wire/items.ts";
import { PROTOCOL } from "../wire/protocol.ts";
import { newSequence } from "../wire/sequence.ts";
import type { Serialization } from "../wire/serialization.ts";
import { Closing } from "./closing.ts";
import type { Dialect, Speaker, Translator } from "./dialect.ts";
import { died, incomprehensible, malformed, replaced } from "./ends.ts";
import { Handling } from "./handling.ts";
import { Handshake, type HandshakeSide } from "./handshake.ts";
import type { Host, Scope, Successor } from "./host.ts";
import { Inbox, type InboxPeer } from "./inbox.ts";
import { type Obstructed, Openings } from "./opening.ts";
import { Patience } from "./patience.ts";
import type { Route, RoutePeer } from "./route.ts";
import { Routes } from "./routes.ts";
import { Unanswered } from "./unanswered.ts";
import { Unfinished } from "./unfinished.ts";

/** What is known of a peer when it comes. */
interface Beginning extends Whereabouts {
  /** Why it is down from the start. */
  readonly absent?: BusError | undefined;
  /** It goes on with the link of that one. */
  readonly predecessor?: Session | undefined;
}

/** What this process knows of a peer, and has to do with it, from the first hello to the end. */
export class Session
  implements
    Peer,
    LinkEvents,
    InboxPeer,
    OutboxPeer,
    RoutePeer,
    EventPeer,
    AckPeer,
    Speaker,
    HandshakeSide,
    Successor
{
  readonly id: string;
  readonly kind: PeerKind;
  readonly pid: number | undefined;
  readonly target: Endpoint | undefined;
  name: string | undefined;
  readonly instance: string | undefined;
  readonly host: string | undefined;
  protocolErrors = 0;

  readonly link: Link;
  readonly hold: Hold;
  readonly backlog: Backlog;
  readonly #patience: Patience;
  readonly outbox: Outbox;
  readonly openings: Openings;
  readonly unanswered: Unanswered;
  readonly handling: Handling;
  readonly handshake: Handshake;
  /** What is not over yet. */
  readonly unfinished: Unfinished;
  serialization: Serialization;
  translator: Translator | undefined;

  readonly #host: Host;
  readonly #routes: Routes;
  readonly #inbox: Inbox;
  readonly #closing: Closing;
  #state: PeerState = "connecting";
  /** Why nothing can be sent any more. */
  #downError: BusError | undefined;
  #lastId = 0;

  constructor(host: Host, link: Link, beginning: Beginning = {}) {
    const { target, pid, absent, predecessor } = beginning;
    this.#host = host;
    this.link = link;
    this.id = link.id;
    this.kind = link.kind;
    this.pid = pid;
    this.target = target;
    this.name = beginning.name;
    this.instance = beginning.instance;
    this.host = beginning.host;
    this.serialization = link.serialization;
    this.hold = new Hold(link);
    this.#patience = new Patience(this, (text) => host.peerSilent(text));
    this.openings = new Openings(host.deadlines, this.#patience);
    this.backlog = new Backlog(this, host.bounds, host.total);
    const sequence = predecessor?.handshake.rivalSequence ?? newSequence();
    this.outbox = new Outbox(this, sequence, () => host.progressed());
    this.unanswered = new Unanswered();
    this.#routes = new Routes(host, this);
    this.handling = new Handling(host, this);
    this.#inbox = new Inbox(this);
    this.handshake = new Handshake(this, host, sequence.tag, predecessor?.handshake);
    this.#closing = new Closing(this.outbox);
    this.unfinished = new Unfinished(this, this.#routes, this.#closing);
    if (absent || link.ended) {
      this.#state = "down";
      this.#downError = absent ?? died(this, link.ended ?? {});
      this.backlog.close();
    } else if (predecessor) {
      link.succeed(this);
    } else {
      link.open(this);
    }
  }

  /** Whether it belongs to that hub; a process may have several in tests. */
  isOf(host: Host): boolean {
    return host === this.#host;
  }

  get limits(): Readonly<Limits> {
    return this.#host.bounds;
  }

  // What everybody sees.

  get state(): PeerState {
    return this.#state;
  }

  isReady(namespace: string): boolean {
    return this.#state === "up" && this.#routes.known(namespace)?.ready === true;
  }

  get writable(): boolean {
    if (this.#state === "up") this.outbox.readNow();
    return this.backlog.isWide;
  }

  drained(): Promise<void> {
    return this.backlog.drained();
  }

  waits(isWaiting: boolean): void {
    this.#patience.waits(isWaiting);
  }

  flush(): void {
    this.outbox.flushNow();
  }

  // What goes there.

  route(namespace: string): Route {
    return this.#routes.to(namespace);
  }

  nextId(): number {
    return ++this.#lastId;
  }

  get inFlight(): number {
    return this.unanswered.size;
  }

  get lastFrameCount(): number {
    return this.#inbox.lastCount;
  }

  obstacle(sent: Obstructed): BusError | undefined {
    const down = this.#downError;
    if (down) return sent.cutOff(down.code, down.message, down);
    const closed = this.#closing.whatIsClosed(sent.namespace);
    if (closed === undefined) return undefined;
    return sent.cutOff("ERR_CLOSED", `${this.id} closes ${closed}`);
  }

  /** Something waits for it. */
  get isAwaited(): boolean {
    return !this.#routes.areIdle;
  }

  greet(): void {
    if (this.#state !== "down") this.handshake.begin();
  }

  /** Tells that a namespace listens here. */
  announce(namespace: string): void {
    this.handshake.announce(namespace);
    this.translator?.opened(namespace);
  }

  /** Tells that no further messages are accepted: of one namespace, or of any. */
  announceClosing(scope?: Scope): void {
    if (this.handshake.isHeard && this.#state !== "down") this.#closing.announce(scope);
  }

  /** Teaches it to say what our frames say to who knows none. One dialect is enough: the first. */
  learn(dialect: Dialect): void {
    if (this.#state === "down" || this.translator) return;
    this.translator = dialect.translatorFor(this);
    for (const namespace of this.#host.readyNamespaces()) this.translator?.opened(namespace);
  }

  /** A namespace was closed, here or there. */
  retire(namespace: string): void {
    this.#routes.retire(namespace);
  }

  // What the messages tell.

  settled(event: InboundEvent, failure: BusError | undefined): void {
    this.handling.end(event);
    if (!event.wantsAck) {
      if (failure) this.report(failure, event);
    } else if (this.#state !== "down") {
      this.#answer(new OutboundAck(this, event, failure));
    }
    this.#host.progressed();
  }

  report(error: BusError, message: Message): void {
    this.#host.report(error, message);
  }

  // What a translator tells.

  say(message: object): void {
    try {
      this.link.send(message, undefined, () => undefined);
    } catch {
      // The other side is gone.
    }
  }

  ready(namespace: string): boolean {
    if (this.handshake.isHeard && this.isReady(namespace)) return false;
    this.#goUp();
    this.#receiveReady(namespace);
    return true;
  }

  receiveEvent(arrival: Arrival): void {
    this.handling.start(arrival);
  }

  receiveAck(ack: AckArrival): void {
    this.unanswered.take(ack);
  }

  protocolError(what: string): void {
    this.protocolErrors++;
    this.#host.protocolError(malformed(this, what), this);
  }

  // What the link tells, in the context of whoever opened the channel.

  frame(body: unknown, handle: Handle | undefined, waited?: number): boolean {
    return outside(this.#inbox.take, this.#inbox, body, handle, waited);
  }

  flow(isOpen: boolean): void {
    this.outbox.flow(isOpen);
  }

  foreign(message: unknown, handle: Handle | undefined): boolean {
    const { translator } = this;
    return translator ? outside(translator.receive, translator, message, handle) : false;
  }

  closed(end: End): void {
    if (this.#state === "down") return;
    this.link.detach();
    outside(() => this.#end(died(this, end), end, true), undefined);
  }

  /** Lets go of the channel. What is pending has been settled before. */
  detach(error: BusError): void {
    if (this.#state === "down") return;
    if (this.handshake.wasSaid) this.#closing.leave();
    this.link.detach(this.handshake.isHeard && !this.unfinished.hasSeenClosing());
    this.#end(error, {}, false);
  }

  receive(frame: Frame, handle: Handle | undefined): boolean {
    return this.#inbox.receive(frame, handle);
  }

  // What the inbox tells.

  /** Another bus answers in the place of this peer, which is gone. */
  giveWay(): Successor {
    this.hold.end();
    const successor = this.#host.succeed(this);
    this.#end(replaced(this), {}, false);
    return successor;
  }

  sawText(): void {
    if (this.serialization === "unknown") this.serialization = "advanced";
  }

  hello(hello: Hello): void {
    const { major, minor, namespaces, hasNaN } = hello;
    const isFirst = !this.handshake.isHeard;
    if (isFirst) {
      if (major !== PROTOCOL.major) {
        this.#refuse(`it speaks protocol ${String(major)}.${String(minor)}`);
        return;
      }
      if (this.serialization === "unknown") this.serialization = hasNaN ? "advanced" : "json";
    }
    this.handshake.hear(hello);
    if (this.instance === undefined) this.name = hello.name;
    if (isFirst) this.#goUp();
    for (const namespace of namespaces) this.announced(namespace);
  }

  announced(namespace: string): void {
    this.translator?.announced(namespace);
    // What it says before it knows of this side, or without the hello before it, it will say again.
    if (this.handshake.isKnown) this.#receiveReady(namespace);
  }

  closes(scope: Scope, step: unknown): void {
    if (scope !== undefined && !this.#routes.mayLeadTo(scope)) return;
    const wasGone = this.#closing.isGone;
    if (this.#closing.receive(scope, step)) {
      if (this.#closing.hasClosed(undefined)) {
        this.#state = "closing";
        this.backlog.giveUp();
      }
      if (scope !== undefined) this.#routes.close(scope);
      const fail = (event: OutboundEvent) => {
        const obstacle = this.obstacle(event);
        if (obstacle) event.fail(obstacle);
      };
      if (this.#closing.isGone && !wasGone) {
        this.#giveUp(fail, false);
        this.hold.set("handle", false);
      }
      for (const event of this.unfinished.unsettled(scope)) {
        if (event.stage !== "written") fail(event);
      }
      this.openings.giveUp((each) => this.obstacle(each), scope);
      if (scope !== undefined) this.retire(scope);
      this.#host.peerCloses();
    }
    this.#host.progressed();
  }

  // Its own.

  #goUp(): void {
    if (this.#state !== "connecting") return;
    this.#state = "up";
    this.backlog.open();
    this.#patience.hear();
    // It comes too late to have been told.
    for (const scope of this.#host.closingScopes()) this.announceClosing(scope);
    this.#host.peerUp(this);
  }

  #receiveReady(namespace: string): void {
    const route = this.#routes.toNamed(namespace);
    this.#closing.reopen(namespace);
    if (route.ready) return;
    route.open();
    this.#host.peerReady(this, namespace);
  }

  /** A peer that makes up namespaces gets its answers, but no lane for each. */
  #answer(ack: OutboundAck): void {
    if (this.#routes.mayLeadTo(ack.namespace)) this.#routes.to(ack.namespace).acks.enter(ack);
    else this.outbox.take(ack);
  }

  /** The other side cannot be understood: everything to it fails from here on, with a reason. */
  #refuse(what: string): void {
    const error = incomprehensible(this, what);
    this.#host.protocolError(error, this);
    this.link.detach();
    this.#end(error, {}, false);
  }

  /** One of the exits; each of them settles all that is pending. */
  #end(error: BusError, end: End, isChannelOver: boolean): void {
    this.#state = "down";
    this.#downError = error;
    this.handshake.end();
    this.#patience.end();
    this.translator?.close();
    const fail = (event: OutboundEvent) => event.fail(event.cutOff(error.code, error.message, end));
    this.#giveUp(fail, isChannelOver);
    this.openings.giveUp((each) => this.obstacle(each));
    this.handling.abortAll(error);
    this.backlog.close();
    this.#host.peerDown(this, error);
  }

  /** Nobody over there reads any more: settles all that waits to be written, or for an answer. */
  #giveUp(fail: (event: OutboundEvent) => void, isChannelOver: boolean): void {
    const left = this.outbox.close();
    for (const event of this.unfinished.unsettled()) fail(event);
    failUnsent(left, (namespace) => this.route(namespace), fail);
    this.outbox.letGo(isChannelOver);
  }
}

/** What `console.log` shows of a peer. */
Object.defineProperty(Session.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: Session): object {
    return { id: this.id, kind: this.kind, state: this.state };
  },
});
