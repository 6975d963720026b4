import { atCaller, BusError, messageOf, type Place } from "../errors/bus-error.ts";
import { WHO_SPEAKS } from "../message/failures.ts";
import type { Message } from "../message/message.ts";
import type { AnyEmitOptions } from "../message/options.ts";
import type { Namespace } from "../namespace/namespace.ts";
import { Backlog, type Total } from "../outbox/backlog.ts";
import type { Limits } from "../outbox/limits.ts";
import type { Route, RoutePeer } from "../peer/route.ts";
import { startTimer } from "../time/context.ts";
import type { Deadlines } from "../time/deadlines.ts";
import { whyNotSent } from "../wire/handle.ts";
import type { Serialization } from "../wire/serialization.ts";
import { currentOf } from "./current-route.ts";
import { Errand } from "./errand.ts";
import type { ErrandLine } from "./errand-line.ts";
import { PlacedKeys } from "./placed-keys.ts";
import { ownerOf } from "./rendezvous.ts";
import { WaitingList } from "./waiting-list.ts";

/** Bytes that an errand in line takes beside its data. */
const OVERHEAD = 800;
/** A line with nobody to serve it, for so long in ms, says so. */
const SILENCE = 2000;

/** What a line asks of those who know all lines. */
interface AllLines {
  /** Every message to any one has a number, in the order of `emit`. */
  nextNumber(): number;
  /** Something waits in a line, or nothing does any more. */
  waits(line: Line, isWaiting: boolean): void;
  /** Lets a line see who is free, once the code that runs is through. */
  lookAt(line: Line): void;
}

/** What a line asks of the bus. */
interface LineBus {
  readonly state: Namespace["state"];
  readonly deadlines: Deadlines;
  readonly bounds: Readonly<Limits>;
  readonly total: Total;
  readonly lines: AllLines;
  /** In ms. */
  ackTimeoutOf(namespace: string): number;
  local(namespace: string): Namespace;
  report(error: BusError, message: Message): void;
  progressed(): void;
  peerSilent(text: string): void;
}

/** Who belongs to the group. The same list as before means that nothing has changed. */
interface LineMembers {
  readonly label: string;
  /** What to say of those it has, where it has none. */
  readonly whoseAre?: string | undefined;
  /** What any of them will have. */
  readonly serialization?: Serialization | undefined;
  now(): readonly RoutePeer[];
}

/** What is emitted to any one of a group in one namespace: it goes to whoever is free, and waits here until somebody is. */
export class Line implements ErrandLine<Errand> {
  readonly namespace: string;
  readonly label: string;
  readonly backlog: Backlog;
  readonly #bus: LineBus;
  readonly #members: LineMembers;
  /** How many unanswered messages make a peer busy. */
  readonly #concurrency: number;
  /** The ways to the members, as long as these are known. */
  readonly #waysTo = new WeakMap<readonly RoutePeer[], Route[]>();
  /** What the function that chooses the members has thrown. */
  #fault: { readonly thrown: unknown } | undefined;
  /** The members do not carry data in the same form. */
  isMixed = false;
  /** With whom to begin, so that equals take turns. */
  #turn = 0;
  #size = 0;
  /** Bytes of messages that are on their way, in case they have to be sent once more. */
  #kept = 0;
  readonly #unkeyed = new WaitingList<Errand>();
  /** Those with a key, by whose it is. */
  #keyed = new Map<Route | undefined, WaitingList<Errand>>();
  /** Among whom the keys were distributed. */
  #owners: readonly Route[] = [];
  /** No other gets the next of a key before those have settled. */
  readonly #placed = new PlacedKeys();
  /** Of whom it is awaited that they are writable again. */
  readonly #awaited = new Set<Route>();
  #silence: NodeJS.Timeout | undefined;
  #hasWarned = false;

  constructor(bus: LineBus, namespace: string, members: LineMembers, concurrency: number) {
    this.#bus = bus;
    this.namespace = namespace;
    this.label = `any of ${members.label}`;
    this.#members = members;
    this.#concurrency = concurrency;
    this.backlog = new Backlog(this, bus.bounds, bus.total, OVERHEAD);
    this.backlog.open();
  }

  /** Who belongs to the group. */
  get peers(): readonly RoutePeer[] {
    return this.#members.now();
  }

  /** How many messages wait for a peer that is free. */
  get size(): number {
    return this.#size;
  }

  /** What `emit` does. Throws what a guard throws, and for a handle that cannot be sent, or would have to wait. */
  emit(
    event: string,
    data: unknown,
    options: AnyEmitOptions | undefined,
    caller: Place | undefined,
  ): Errand {
    const errand = new Errand(this, event, data, options);
    if (caller) errand.calledFrom(caller);
    if (this.isClosed) {
      errand.fail(errand.cutOff("ERR_CLOSED", this.#closed()));
      return errand;
    }
    const route = this.#size === 0 ? this.#routeFor(errand) : undefined;
    if (this.#fault && this.#size === 0) throw this.#fault.thrown;
    if (route) {
      errand.begin(route);
    } else {
      if (errand.handle) this.#guard(errand);
      errand.wait();
    }
    return errand;
  }

  /** Sends what waits to those who are free. */
  look(): void {
    if (this.#size === 0) return;
    this.#distribute();
    for (;;) {
      if (this.#fault) this.#failFor(this.#fault.thrown);
      const route = this.#leastBusy((each) => this.#nextFor(each) !== undefined);
      const errand = route && this.#nextFor(route);
      if (!route || !errand) break;
      errand.goTo(route);
    }
    if (this.#size > 0) this.#awaitRoom();
  }

  /** The number of the one that was emitted first of those that wait. */
  get oldest(): number {
    const lists = [this.#unkeyed, ...this.#keyed.values()];
    return Math.min(...lists.map((list) => list.first(() => true)?.number ?? Infinity));
  }

  /** All that wait. */
  waiting(): Errand[] {
    return [this.#unkeyed, ...this.#keyed.values()].flatMap((list) => list.all());
  }

  /** Fails what waits, as nothing goes out any more. */
  failAll(): void {
    for (const errand of this.waiting()) errand.fail(errand.cutOff("ERR_CLOSED", this.#closed()));
  }

  // What an errand asks.

  get deadlines(): Deadlines {
    return this.#bus.deadlines;
  }

  get ackTimeout(): number {
    return this.#bus.ackTimeoutOf(this.namespace);
  }

  get isBounded(): boolean {
    return this.#concurrency !== Infinity;
  }

  get isClosed(): boolean {
    return this.#bus.state === "closed" || this.#bus.local(this.namespace).state === "closed";
  }

  nextNumber(): number {
    return this.#bus.lines.nextNumber();
  }

  enter(errand: Errand): boolean {
    if (!this.backlog.reserve(errand)) return false;
    this.#size++;
    this.#line(errand);
    this.#bus.lines.lookAt(this);
    return true;
  }

  leave(errand: Errand): void {
    this.#size--;
    errand.list?.remove(errand);
    errand.list = undefined;
    this.backlog.release(errand);
    if (this.#size > 0) return;
    // Nothing is kept of peers that may be gone when something waits again.
    this.#keyed.clear();
    this.#owners = [];
  }

  keep(bytes: number): void {
    this.#kept += bytes;
  }

  holdKey(key: string, { peer }: Route): void {
    this.#placed.add(key, peer);
  }

  freeKey(key: string): void {
    if (this.#placed.remove(key) && this.#size > 0) this.#bus.lines.lookAt(this);
  }

  whyWaiting(errand: Errand): string {
    const routes = this.#all();
    const { length } = routes;
    if (this.#fault)
      return `the function that chooses them has thrown ${messageOf(this.#fault.thrown)}`;
    if (length === 0) return `there is nobody in that group${this.#members.whoseAre ?? ""}`;
    const open = routes.filter((route) => route.isOpen);
    if (open.length === 0) {
      const isHeard = routes.some(({ peer }) => peer.state === "up");
      const why = isHeard ? "it opens with the first on()" : WHO_SPEAKS;
      return `none of the ${length} has opened namespace "${this.namespace}": ${why}`;
    }
    const suitable = open.filter((route) => errand.mayGoTo(route));
    if (suitable.length === 0) return `none of the ${open.length} that are ready can take it`;
    const owner = errand.key === undefined ? undefined : this.#ownerOf(errand);
    if (owner && this.#isElsewhere(errand, owner))
      return "earlier messages of its key have not settled";
    if (owner) return `its key belongs to ${owner.peer.id}, which is busy`;
    if (suitable.some((route) => this.#isFree(route))) return `${this.#size} others wait before it`;
    return `all of the ${suitable.length} that are ready are busy`;
  }

  report(error: BusError, message: Message): void {
    this.#bus.report(error, message);
  }

  progressed(): void {
    this.#bus.progressed();
  }

  // What the backlog asks.

  get id(): string {
    return this.label;
  }

  /** That of all members, if they agree. */
  get serialization(): Serialization {
    const [first, ...others] = this.#all();
    if (!first) return this.#members.serialization ?? "unknown";
    const agree = others.every(({ serialization }) => serialization === first.serialization);
    return agree ? first.serialization : "unknown";
  }

  waits(isWaiting: boolean): void {
    this.#bus.lines.waits(this, isWaiting);
    clearTimeout(this.#silence);
    if (!isWaiting || this.#hasWarned) return;
    this.#silence = startTimer(() => this.#warn(), SILENCE).unref();
  }

  // Its own.

  /** What waits fails, as nobody can tell whom it may go to. */
  #failFor(cause: unknown): void {
    for (const errand of this.waiting()) errand.refuse(cause);
  }

  #closed(): string {
    return this.#bus.state === "closed"
      ? "this bus is closed"
      : `namespace "${this.namespace}" is closed`;
  }

  #all(): Route[] {
    const members = this.#now();
    let routes = this.#waysTo.get(members);
    if (!routes) {
      routes = members.map((peer) => peer.route(this.namespace));
      this.#waysTo.set(members, routes);
      const [first] = members;
      this.isMixed = members.some(({ serialization }) => serialization !== first?.serialization);
      // Who was never spoken to says nothing either.
      for (const peer of members) if (peer.state === "connecting") peer.greet();
    }
    return routes;
  }

  #now(): readonly RoutePeer[] {
    try {
      this.#fault = undefined;
      return this.#members.now();
    } catch (thrown) {
      this.#fault = { thrown };
      return [];
    }
  }

  /** Who gets a message that nothing waits before; nobody if it has to wait. */
  #routeFor(errand: Errand): Route | undefined {
    if (errand.key === undefined && !errand.handle) return this.#leastBusy();
    if (errand.key === undefined) return this.#leastBusy((route) => errand.mayGoTo(route));
    const owner = this.#ownerOf(errand);
    return owner && this.#isFree(owner) && !this.#isElsewhere(errand, owner) ? owner : undefined;
  }

  /** The one of those who are free that has the fewest messages unanswered; equals in turn. */
  #leastBusy(suits?: (route: Route) => boolean): Route | undefined {
    const routes = this.#all();
    const { length } = routes;
    let best: Route | undefined;
    for (let step = 0; step < length; step++) {
      const index = (this.#turn + step) % length;
      const route = currentOf(routes, index);
      if (!route || !this.#isFree(route)) continue;
      if ((best && route.unanswered >= best.unanswered) || suits?.(route) === false) continue;
      best = route;
      if (best.unanswered > 0) continue;
      break;
    }
    if (best) this.#turn = (routes.indexOf(best) + 1) % length;
    return best;
  }

  #isFree(route: Route): boolean {
    if (!route.isOpen || !route.isWide || route.unanswered >= this.#concurrency) return false;
    return this.#kept === 0 || this.#kept < this.#bus.bounds.pending;
  }

  /** The first in line that may go there. */
  #nextFor(route: Route): Errand | undefined {
    const mayGo = (errand: Errand) => errand.mayGoTo(route);
    const keyed = this.#keyed
      .get(route)
      ?.first((errand) => mayGo(errand) && !this.#isElsewhere(errand, route));
    const unkeyed = this.#unkeyed.first(mayGo);
    if (!keyed || !unkeyed) return keyed ?? unkeyed;
    return keyed.number < unkeyed.number ? keyed : unkeyed;
  }

  /** Whether it would overtake others of its key. */
  #isElsewhere({ key }: Errand, { peer }: Route): boolean {
    return this.#placed.areElsewhere(key, peer);
  }

  #ownerOf(errand: Errand): Route | undefined {
    const open = this.#all().filter((route) => route.isOpen && errand.mayGoTo(route));
    return ownerOf(errand.key ?? "", open, ({ peer }) => peer);
  }

  /** Lines it up: with those that anybody may get, or with those that wait for whom its key belongs to. */
  #line(errand: Errand): void {
    let list: WaitingList<Errand> | undefined = this.#unkeyed;
    if (errand.key !== undefined) {
      const owner = this.#ownerOf(errand);
      list = this.#keyed.get(owner) ?? new WaitingList<Errand>();
      this.#keyed.set(owner, list);
    }
    // Who chooses the group may have ended it.
    if (errand.abandoned) return;
    errand.list = list;
    list.add(errand);
  }

  /** Gives the keys that wait to whom they belong now. */
  #distribute(): void {
    const open = this.#all().filter((route) => route.isOpen);
    const isSame =
      open.length === this.#owners.length && open.every((each, at) => each === this.#owners[at]);
    if (isSame) return;
    this.#owners = open;
    const waiting = [...this.#keyed.values()].flatMap((list) => list.all());
    this.#keyed = new Map();
    for (const errand of waiting.toSorted((one, other) => one.number - other.number)) {
      this.#line(errand);
    }
  }

  /** Looks again when those who have too much to write have written it. */
  #awaitRoom(): void {
    for (const route of this.#all()) {
      if (!route.isOpen || route.isWide || this.#awaited.has(route)) continue;
      this.#awaited.add(route);
      void route.peer.drained().then(() => {
        this.#awaited.delete(route);
        this.#bus.lines.lookAt(this);
      });
    }
  }

  /** A handle that cannot be sent, or would have to wait, is refused at the call. */
  #guard(errand: Errand): void {
    const routes = this.#all();
    const carriesNone = routes.length > 0 && !routes.some((route) => route.carriesHandles);
    const fault = carriesNone
      ? "cannot be sent: no link of this group carries handles"
      : whyNotSent(errand.handle);
    if (fault !== undefined)
      this.#refuse(errand, "ERR_HANDLE_UNSUPPORTED", `the handle of ${errand.name} ${fault}`);
    if (errand.queueHandle) return;
    const why = `${errand.name}: ${this.whyWaiting(errand)}; pass queueHandle: true and leave the handle alone from then on`;
    this.#refuse(errand, "ERR_HANDLE_NOT_READY", why);
  }

  #refuse(
    { event }: Errand,
    code: "ERR_HANDLE_UNSUPPORTED" | "ERR_HANDLE_NOT_READY",
    text: string,
  ): never {
    const about = { event, namespace: this.namespace };
    throw atCaller(new BusError(code, text, { about }), this.emit);
  }

  #warn(): void {
    const [first] = this.waiting();
    if (!first || this.#all().some((route) => route.isOpen)) return;
    this.#hasWarned = true;
    const what = this.#size === 1 ? "1 message waits" : `${this.#size} messages wait`;
    this.#bus.peerSilent(`${what} for ${this.label}, as ${this.whyWaiting(first)}`);
  }
}
