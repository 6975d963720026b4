import { AsyncResource } from "node:async_hooks";
import {
  BusError,
  type ErrorCode,
  isBusError,
  messageOf,
  type Place,
  showCaller,
} from "../errors/bus-error.ts";
import type { Asker } from "../message/event-route.ts";
import { Extras } from "../message/extras.ts";
import { notSerializable } from "../message/failures.ts";
import type { AnyEmitOptions, EmitOptions } from "../message/options.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import type { Reserving } from "../outbox/backlog.ts";
import type { Route } from "../peer/route.ts";
import type { Expiring } from "../time/deadlines.ts";
import { inherited } from "../time/inheritance.ts";
import { afterStretch, currentStretch, isCurrentStretch } from "../time/stretch.ts";
import type { Serialization } from "../wire/serialization.ts";
import { holdOf } from "../wire/shared-payload.ts";
import type { Snapshot } from "../wire/snapshot.ts";
import { mayGoElsewhere, Tried } from "./elsewhere.ts";
import type { ErrandLine } from "./errand-line.ts";
import { readerOf, readOf, restoredFor } from "./kept-data.ts";
import { Unplaced } from "./unplaced.ts";
import type { WaitingList } from "./waiting-list.ts";

/**
 * What was emitted to any one of a group, until its receipt has settled. It finds its peer when one is free, and then
 * becomes a message to that one; if that fails by the peer's fault before a listener ran, it looks for another.
 */
export class Errand implements Asker<OutboundEvent>, Expiring, Reserving {
  readonly number: number;
  readonly event: string;
  readonly key: string | undefined;
  /** What was read of its data, once that was necessary. */
  snapshot: Snapshot | undefined = undefined;
  readonly shared = undefined;
  readonly mayOverdraw = false;
  size = 0;
  reserved = 0;
  /** Where it waits, and its neighbours there. */
  list: WaitingList<Errand> | undefined = undefined;
  before: Errand | undefined = undefined;
  behind: Errand | undefined = undefined;

  // The place in the list of deadlines; it belongs to `Deadlines`.
  bucket = 0;
  earlier: Expiring | undefined = undefined;
  later: Expiring | undefined = undefined;

  readonly #line: ErrandLine<Errand>;
  readonly #options: AnyEmitOptions | undefined;
  readonly #extras: Extras | undefined;
  readonly #stretch: number = currentStretch();
  #stage: "new" | "waiting" | "placed" | "settled" = "new";
  #data: unknown;
  /** The message that it is at present, or was last, and where that went. */
  #message: OutboundEvent | undefined;
  #route: Route | undefined;
  /** Where it went in vain. */
  #tried: Tried | undefined;
  /** For whom its data was read: others would get it changed. */
  #readFor: Serialization = "unknown";
  #goesOn = false;
  /** What it carries is still here. */
  #mayRepeat = true;
  /** Bytes kept in case it has to be sent once more. */
  #kept = 0;
  #timeout: number | undefined;
  #caller: Place | undefined;
  #context: AsyncResource | undefined;
  #outcome: { readonly reply: unknown } | { readonly error: BusError } | undefined;
  #promise: Promise<unknown> | undefined;
  #resolve: ((reply: unknown) => void) | undefined;
  #reject: ((error: BusError) => void) | undefined;

  constructor(line: ErrandLine<Errand>, event: string, data: unknown, options?: AnyEmitOptions) {
    this.#line = line;
    this.number = line.nextNumber();
    this.event = event;
    this.#data = data;
    this.#options = options;
    this.key = options?.key;
    const from = inherited();
    if (options || from) this.#extras = new Extras(options, from);
    this.#timeout = this.#extras?.timeout;
  }

  // What its receipt asks.

  get isFresh(): boolean {
    return isCurrentStretch(this.#stretch);
  }

  get wantsAck(): boolean {
    return this.#promise !== undefined;
  }

  /** Sets the time limit, in ms from now, for all peers together. */
  limit(timeout: number): void {
    this.#timeout = this.#extras ? this.#extras.limit(timeout) : timeout;
    if (this.#stage === "placed") this.#message?.limit(this.#timeout);
    else if (this.#stage === "waiting") this.#startTime(this.#timeout);
  }

  /** Somebody wants the answer: from here on the time runs. */
  acknowledged(): Promise<unknown> {
    if (this.#promise) return this.#promise;
    this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (this.#outcome) this.#tell(this.#outcome);
    });
    if (this.#stage === "placed") this.#askForAnswer();
    else if (this.#stage === "waiting") this.#startTime(this.#limit());
    return this.#promise;
  }

  // What its line asks.

  get handle(): Extras["handle"] {
    return this.#extras?.handle;
  }

  get queueHandle(): boolean {
    return this.#extras?.queueHandle === true;
  }

  /** What it is called in texts. */
  get name(): string {
    return `"${this.event}" to ${this.label}`;
  }

  get namespace(): string {
    return this.#line.namespace;
  }

  get label(): string {
    return this.#line.label;
  }

  /** Where it was emitted, for the error it may end with. */
  calledFrom(caller: Place): void {
    this.#caller = caller;
  }

  /** Whether it may go there: to nobody twice. */
  mayGoTo(route: Route): boolean {
    if (this.handle && !route.carriesHandles) return false;
    if (this.#readFor !== "unknown" && this.#readFor !== route.serialization) return false;
    return this.#tried?.has(route.peer) !== true;
  }

  /** A peer is free at the call: it becomes a message to that one. Throws what the layers that guard the call throw. */
  begin(route: Route): void {
    const message = route.make(this.event, this.#data, this.#options);
    route.guard(message);
    this.#follow();
    // A layer may change the data, but not that of another peer; who may carry it in another form.
    if (route.isLayered || this.#line.isMixed) {
      const { serialization } = this.#line;
      this.#read(serialization, () => holdOf(this, serialization));
    }
    if (route.isLayered) this.#context = new AsyncResource("clusterphone");
    this.#enter(message, route);
  }

  /** No peer is free at the call: it waits in line. */
  wait(): void {
    this.#extras?.takeOver();
    this.#follow();
    if (this.#stage !== "new") return;
    this.#context = new AsyncResource("clusterphone");
    this.#queue(this.#hasOwnTimeout() ? this.#limit() : Infinity);
  }

  /** A peer is free: it leaves the line, and becomes a message to that one. */
  goTo(route: Route): void {
    const left = Math.max(1, this.#line.deadlines.remaining(this));
    this.#leaveLine("new");
    // Its layers run in the asynchronous context of its emit.
    if (this.#context) this.#context.runInAsyncScope(() => this.#goTo(route, left));
    else this.#goTo(route, left);
  }

  fail(error: BusError): void {
    if (this.#stage === "settled") return;
    if (this.#stage !== "placed") this.#extras?.releaseHandle();
    this.#settle({ error });
    this.#tried?.tellIn(error);
    if (this.#caller) showCaller(error, this.#caller);
    const report = () => this.#line.report(error, this.#message ?? new Unplaced(this));
    if (this.#reject) this.#tell({ error });
    else if (this.isFresh) afterStretch(() => !this.wantsAck && report());
    else report();
  }

  /** Whom it may go to cannot be told. */
  refuse(cause: unknown): void {
    const text = `${this.name} was not sent: the function that chooses them has thrown ${messageOf(cause)}`;
    this.fail(this.#failure("ERR_REFUSED", text, cause));
  }

  /** The error it ends with when nothing goes out any more. */
  cutOff(code: ErrorCode, reason: string): BusError {
    return this.#failure(code, `${this.name} was not sent: ${reason}`);
  }

  // What the message tells that it is at present.

  fulfilled(reply: unknown): void {
    if (this.#stage !== "placed") return;
    this.#settle({ reply });
    this.#tell({ reply });
  }

  rejected(error: BusError, left: number): void {
    const [message, route] = [this.#message, this.#route];
    if (this.#stage !== "placed") return;
    if (!this.#goesOn || !message || !route) {
      this.fail(error);
      return;
    }
    this.#goesOn = false;
    this.#stage = "new";
    this.#tried ??= new Tried();
    this.#tried.add(route.peer, error);
    if (this.key !== undefined) this.#line.freeKey(this.key);
    if (!this.#read(route.serialization, () => readOf(message, route))) return;
    this.#keep(0);
    this.#queue(this.wantsAck || this.#hasOwnTimeout() ? left : Infinity);
  }

  written(message: OutboundEvent): void {
    const route = this.#route;
    this.#data = undefined;
    this.#mayRepeat = message.wantsAck || this.#isIdempotent();
    try {
      if (this.#mayRepeat && route && !this.snapshot)
        this.#keepRead(route.serialization, () => readOf(message, route));
    } catch {
      this.#mayRepeat = false;
    }
    if (!this.#mayRepeat) this.snapshot = this.#context = undefined;
    this.#keep(this.snapshot?.size ?? 0);
  }

  takesBack(error: BusError, message: OutboundEvent): boolean {
    const mayGo = this.#mayRepeat && mayGoElsewhere(error, message, this.#isIdempotent());
    this.#goesOn = mayGo && !this.#line.isClosed;
    return this.#goesOn;
  }

  // What the backlog asks.

  get payload(): unknown {
    return this.#data;
  }

  get abandoned(): boolean {
    return this.#stage === "settled";
  }

  noRoom(code: "ERR_QUEUE_FULL" | "ERR_TOO_LARGE", why: string): void {
    this.fail(this.#failure(code, `${this.name} cannot wait: ${why}`));
  }

  unencodable(cause: unknown): void {
    this.fail(notSerializable(new Unplaced(this), cause));
  }

  // What the deadlines ask.

  expire(): void {
    const late = `no ack for ${this.name} within ${Math.ceil(this.#limit())} ms: it waits here, as`;
    this.fail(this.#failure("ERR_ACK_TIMEOUT", `${late} ${this.#line.whyWaiting(this)}`));
  }

  // Its own.

  #goTo(route: Route, left: number): void {
    const message = this.#messageFor(route, left);
    if (!message) return;
    try {
      route.guard(message);
    } catch (refusal) {
      this.fail(isBusError(refusal) ? refusal : this.#failure("ERR_HANDLE_LOST", `${refusal}`));
      return;
    }
    this.#enter(message, route);
  }

  /** The message that goes there after it has waited, with the time that is left. */
  #messageFor(route: Route, left: number): OutboundEvent | undefined {
    try {
      const data = this.snapshot && restoredFor(route, this.snapshot);
      const message = route.make(this.event, data, this.#optionsFor(left));
      if (this.wantsAck && !this.#hasOwnTimeout()) message.limit(left, true);
      return message;
    } catch (cause) {
      this.unencodable(cause);
      return undefined;
    }
  }

  #optionsFor(left: number): EmitOptions | undefined {
    const extras = this.#extras;
    if (!extras) return undefined;
    const { signal, handle } = extras;
    return { timeout: this.#hasOwnTimeout() ? left : undefined, signal, handle, queueHandle: true };
  }

  #enter(message: OutboundEvent, route: Route): void {
    if (this.#stage !== "new") return;
    this.#stage = "placed";
    this.#message = message;
    this.#route = route;
    if (this.snapshot) this.#keep(this.snapshot.size);
    if (this.key !== undefined) this.#line.holdKey(this.key, route);
    if (this.wantsAck) this.#askForAnswer();
    else if (this.#line.isBounded) message.answerTo(this);
    else message.tell(this);
    route.enter(message);
    this.#line.progressed();
  }

  #askForAnswer(): void {
    if (!this.#message?.wantsAck) this.#message?.answerTo(this);
    this.#message?.runTime();
  }

  /** Waits in line, for so many ms. */
  #queue(left: number): void {
    if (!this.snapshot) this.#readFor = this.#line.serialization;
    if (!this.#line.enter(this)) return;
    this.#readFor = readerOf(this.#readFor, this.snapshot);
    this.#data = undefined;
    this.#stage = "waiting";
    this.#startTime(left);
  }

  #leaveLine(stage: "new" | "settled"): void {
    this.#stage = stage;
    this.#line.deadlines.remove(this);
    this.#line.leave(this);
  }

  #startTime(milliseconds: number): void {
    this.#line.deadlines.remove(this);
    this.#line.deadlines.add(this, milliseconds);
  }

  #follow(): void {
    this.#extras?.follow((cause) => {
      // A message follows the signal itself.
      if (this.#stage === "placed") return;
      this.fail(this.#failure("ERR_CANCELLED", `${this.name} was cancelled`, cause));
    });
  }

  /** Reads its data, unless that was done. Returns whether it could be, and nothing of it has settled meanwhile. */
  #read(serialization: Serialization, read: () => Snapshot): boolean {
    try {
      this.#keepRead(serialization, read);
    } catch (cause) {
      this.unencodable(cause);
    }
    return !this.abandoned;
  }

  #keepRead(serialization: Serialization, read: () => Snapshot): void {
    if (this.snapshot) return;
    this.snapshot = read();
    this.#readFor = readerOf(serialization, this.snapshot);
  }

  #keep(bytes: number): void {
    this.#line.keep(bytes - this.#kept);
    this.#kept = bytes;
  }

  #settle(outcome: { readonly reply: unknown } | { readonly error: BusError }): void {
    if (this.#stage === "waiting") this.#leaveLine("settled");
    else if (this.#stage === "placed" && this.key !== undefined) this.#line.freeKey(this.key);
    this.#stage = "settled";
    this.#outcome = outcome;
    this.#data = this.snapshot = this.#context = undefined;
    this.#keep(0);
    this.#extras?.unfollow();
    this.#line.progressed();
  }

  #tell(outcome: { readonly reply: unknown } | { readonly error: BusError }): void {
    if ("error" in outcome) this.#reject?.(outcome.error);
    else this.#resolve?.(outcome.reply);
  }

  #failure(code: ErrorCode, text: string, cause?: unknown): BusError {
    const { event, namespace } = this;
    return new BusError(code, text, { executed: "no", about: { event, namespace }, cause });
  }

  #isIdempotent(): boolean {
    return this.#options?.idempotent === true;
  }

  #limit(): number {
    return this.#timeout ?? this.#line.ackTimeout;
  }

  #hasOwnTimeout(): boolean {
    return this.#extras?.hasOwnTimeout === true || (!this.#extras && this.#timeout !== undefined);
  }
}
