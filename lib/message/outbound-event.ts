import type { Chains } from "../chain/order.ts";
import { BusError, type End, type ErrorCode, messageOf } from "../errors/bus-error.ts";
import { NO_OPTIONS } from "../errors/check.ts";
import type { Handle } from "../links/link.ts";
import type { Bundle } from "../outbox/bundle.ts";
import type { Route } from "../peer/route.ts";
import type { Expiring } from "../time/deadlines.ts";
import { inherited } from "../time/inheritance.ts";
import { afterStretch, currentStretch, isCurrentStretch } from "../time/stretch.ts";
import { isOpen, kindOf, release, takeOver, takeUnread } from "../wire/handle.ts";
import {
  Flag,
  type Flow,
  Item,
  type Meta,
  type Parcel,
  type Snapshot,
  type WireItem,
} from "../wire/protocol.ts";
import { Terms } from "./extras.ts";
import { Message } from "./message.ts";
import { refusal } from "./refusal.ts";

/**
 * How far a message has come. Up to `handed` it has not left this process, and a failure
 * means that no listener ran.
 */
export type Stage = "chain" | "parked" | "handed" | "written" | "settled";

/** What `emit` may be told about a message. */
export interface EmitOptions {
  /** Milliseconds until the receipt rejects with `ERR_ACK_TIMEOUT`; the same as `within`. */
  readonly timeout?: number | undefined;
  /** Aborting it rejects the receipt with `ERR_CANCELLED` and aborts `message.signal` on the other side. */
  readonly signal?: AbortSignal | undefined;
  /** A connection, a listening server or a datagram socket to hand over. */
  readonly handle?: Handle | undefined;
  /** Lets a message with a handle wait for a peer that is not ready, instead of throwing. */
  readonly queueHandle?: boolean | undefined;
}

/** An event on its way out, until its receipt has settled. */
export class OutboundEvent extends Message implements Expiring, Parcel {
  stage: Stage = "chain";
  size = 0;
  snapshot: Snapshot | undefined = undefined;
  /** Bytes that count as waiting for the peer, as long as it waits. */
  reserved = 0;
  /** Its ack has arrived; what is left is its way through the chain. */
  isAnswered = false;
  /** Where it waits as text, if it does. */
  place: { readonly bundle: Bundle; readonly index: number } | undefined = undefined;

  // The place in the list of deadlines; it belongs to `Deadlines`.
  bucket = 0;
  earlier: Expiring | undefined = undefined;
  later: Expiring | undefined = undefined;

  readonly #route: Route;
  #stretch: number = currentStretch();
  #terms: Terms | undefined;
  #timeout: number;
  #promise: Promise<unknown> | undefined;
  #resolve: ((reply: unknown) => void) | undefined;
  #reject: ((error: BusError) => void) | undefined;

  constructor(route: Route, event: string, data: unknown, options: EmitOptions) {
    super(route.peer, route.namespace, event, route.peer.nextId());
    this.#route = route;
    this.data = data;
    const from = inherited();
    this.#timeout = route.ackTimeout;
    if (options === NO_OPTIONS && !from) return;
    this.#terms = new Terms(options, from);
    if (this.#terms.timeout !== undefined) this.limit(this.#terms.timeout);
  }

  get direction(): "outbound" {
    return "outbound";
  }

  get kind(): "event" {
    return "event";
  }

  get mayOverdraw(): boolean {
    return false;
  }

  override get handle(): Handle | undefined {
    return this.#terms?.handle;
  }

  get queueHandle(): boolean {
    return this.#terms?.queueHandle === true;
  }

  override get signal(): AbortSignal {
    return this.#terms?.signal ?? super.signal;
  }

  /** Whether `within` and `ackd` may still be called. */
  get isFresh(): boolean {
    return isCurrentStretch(this.#stretch);
  }

  /** Whoever emitted it can ask for nothing any more. */
  age(): void {
    this.#stretch = 0;
  }

  get wantsAck(): boolean {
    return this.#promise !== undefined;
  }

  /** Whether the message cannot be written at once: its namespace is not ready there, or others wait for it. */
  get mustWait(): boolean {
    return this.#route.mustWait;
  }

  /** The layers it crosses, and its ack. */
  get chains(): Chains {
    return this.#route.chains;
  }

  /** Whether the handle is of a kind that can be sent. */
  get handleCanCross(): boolean {
    return kindOf(this.handle) !== undefined;
  }

  /** From here on the message is the bus's: nothing is thrown at the caller any more. */
  accept(): void {
    const { handle } = this;
    if (handle) takeOver(handle);
    this.#terms?.follow((reason) => {
      this.#withdraw("ERR_CANCELLED", `${this.name} was cancelled`, reason);
    });
  }

  /** Sets the time limit, in ms from now. A default is nothing that the listener has to know of. */
  limit(timeout: number, isDefault = false): void {
    this.#terms ??= new Terms(NO_OPTIONS, undefined);
    this.#terms.hasOwnTimeout = !isDefault || this.#terms.most !== Infinity;
    this.#timeout = Math.min(timeout, this.#terms.most);
    this.place?.bundle.keep(this, this.place.index);
    if (this.bucket === 0) return;
    this.#route.deadlines.remove(this);
    this.#route.deadlines.add(this, this.#timeout);
  }

  /** Somebody wants the answer: from here on the time runs. */
  acknowledged(): Promise<unknown> {
    this.place?.bundle.keep(this, this.place.index);
    this.#promise ??= new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (this.error) reject(this.error);
      else if (this.bucket === 0) this.#route.deadlines.add(this, this.#timeout);
    });
    return this.#promise;
  }

  /** Nobody will ask for its answer any more: from here on it is a message without `ackd`. */
  disown(): void {
    this.#promise = this.#resolve = this.#reject = undefined;
    if (this.stage === "written" && !this.handle) this.#finish();
    if (this.error) this.#report(this.error as BusError);
  }

  /**
   * Waits until the namespace of the peer is ready, or its time is over; called by queueing. The
   * data is read now. Settles with `ERR_QUEUE_FULL`, `ERR_TOO_LARGE` or `ERR_NOT_SERIALIZABLE` if it cannot wait.
   */
  park(most?: { bytes?: number; messages?: number }): void {
    if (this.stage !== "chain") return;
    if (!this.#route.park(this, most)) return;
    this.stage = "parked";
    this.startTime();
  }

  /** Gives it all its time again. */
  restartTime(): void {
    if (this.stage === "settled") return;
    this.#route.deadlines.remove(this);
    this.startTime();
  }

  /** Its time runs also if nobody waits for it, because it waits itself. */
  startTime(): void {
    if (this.bucket === 0) this.#route.deadlines.add(this, this.#timeout);
  }

  /** It would have to wait, and there is no room for it. */
  noRoom(code: "ERR_QUEUE_FULL" | "ERR_TOO_LARGE", why: string): void {
    this.fail(new BusError(code, `${this.name} cannot wait: ${why}`));
  }

  /** The message was dropped by a middleware, or one threw. */
  refuse(thrown?: { cause: unknown }): void {
    const isWritten = this.stage === "written" || this.place?.bundle.isFixed;
    const executed = isWritten ? "maybe" : "no";
    this.fail(refusal(this, executed, thrown));
  }

  /** Settles the receipt with an error. Does nothing if it has settled before. */
  fail(error: BusError): void {
    if (this.stage === "settled") return;
    // A handle on its way stays open until it is known whether it arrived.
    if (this.stage !== "written") this.#releaseHandle();
    this.#finish();
    this.error = error;
    if (this.#reject) this.#reject(error);
    else if (this.isFresh) afterStretch(() => this.#reportUnasked(error));
    else this.#report(error);
  }

  /** Settles the receipt with a reply. */
  succeed(reply: unknown): void {
    if (this.stage === "settled") return;
    this.#finish();
    this.#resolve?.(reply);
  }

  expire(): void {
    const { peer, namespace } = this;
    const where = this.isAnswered
      ? "it has arrived, but a middleware does not let it through"
      : peer.state === "connecting"
        ? `the bus over there has not been heard of; does it use clusterphone?`
        : !this.#route.ready
          ? `its namespace "${namespace}" is not open; it opens with the first on()`
          : `its namespace "${namespace}" is ready`;
    this.#withdraw(
      "ERR_ACK_TIMEOUT",
      `no ack for ${this.name} within ${Math.ceil(this.#timeout)} ms: ${where}`,
    );
  }

  /** The error it ends with when nothing goes to its peer, or comes from there, any more. */
  cutOff(code: ErrorCode, reason: string, end: End = {}): BusError {
    const isWritten = this.stage === "written";
    const text = `${this.name} was not ${isWritten ? "acknowledged" : "sent"}: ${reason}`;
    const { exitCode, signal } = end;
    return new BusError(code, text, { exitCode, signal, executed: isWritten ? "maybe" : "no" });
  }

  // What the outbox asks of a parcel.

  get abandoned(): boolean {
    return this.stage === "settled";
  }

  get payload(): unknown {
    return this.data;
  }

  get transfer(): Handle | undefined {
    return this.handle;
  }

  get flow(): Flow {
    return this.wantsAck ? "request" : "one way";
  }

  get plainHead(): number | undefined {
    if (this.#isSpecial || this.hasHeaders) return undefined;
    return this.wantsAck ? Item.EVENT | Flag.WANTS_ACK : Item.EVENT;
  }

  item(): WireItem {
    let head: number = Item.EVENT;
    if (this.wantsAck) head |= Flag.WANTS_ACK;
    const headers = this.sentHeaders();
    const remaining = this.#terms?.hasOwnTimeout ? this.#remaining : Infinity;
    let meta: Meta | 0 = 0;
    if (headers || remaining !== Infinity || this.#isCancellable) {
      meta = {
        ...(headers && { h: headers }),
        ...(remaining !== Infinity && { d: Math.ceil(remaining) }),
        ...(this.#isCancellable && { s: 1 }),
      };
    }
    const { handle } = this;
    if (handle) {
      head |= Flag.HANDLE;
      if (!isOpen(handle))
        throw lost(this, "is not open: closed, sent away, or not connected or bound yet");
      const unread = takeUnread(handle);
      if (unread) meta = { ...(meta || {}), b: unread };
    }
    return [head, this.id, this.namespace, this.event, meta];
  }

  /** Whether its text is all that is needed of it: nobody waits for it, nothing ends it, no handle goes with it. */
  get isBundleable(): boolean {
    const json = this.snapshot?.json;
    return json !== undefined && !this.#isSpecial && this.bucket === 0;
  }

  /** The item as text, with its payload. Only for a message whose payload was taken as JSON. */
  text(): string {
    const item = JSON.stringify(this.item());
    const json = this.snapshot?.json;
    // Joined, not concatenated: a concatenation would keep its parts in memory.
    return json ? [item.slice(0, -1), ",", json, "]"].join("") : item;
  }

  written(): void {
    this.stage = "written";
    if (this.reserved > 0) this.peer.room.release(this);
    this.snapshot = undefined;
    if (!this.wantsAck) return;
    this.peer.awaitAck(this);
    // Where no layer has seen the message, nobody will look at its data any more.
    if (this.layer === undefined) this.data = undefined;
  }

  left(): void {
    if (this.stage === "written" && !this.wantsAck && !this.handle) this.#finish();
  }

  notWritten(): void {
    if (this.stage !== "written") return;
    this.peer.forget(this);
    this.stage = "handed";
  }

  unencodable(cause: unknown): void {
    this.fail(cause instanceof BusError ? cause : notSerializable(this, cause));
  }

  /** The other side has said whether the handle arrived. */
  transferred(arrived: boolean): void {
    this.#releaseHandle();
    if (!arrived) {
      this.fail(lost(this, "did not arrive; the receiver may be out of file descriptors"));
    } else if (!this.wantsAck && this.stage !== "settled") {
      this.#finish();
    }
  }

  /** The message's name in texts. */
  get name(): string {
    return `"${this.event}" to ${this.peer.id}`;
  }

  #finish(): void {
    const { stage } = this;
    this.stage = "settled";
    if (stage === "parked") this.#route.unpark(this);
    if (this.place) this.place.bundle.drop(this, this.place.index);
    else if (this.reserved > 0) this.peer.room.release(this);
    if (stage === "written") this.peer.forget(this);
    this.#route.deadlines.remove(this);
    this.#terms?.unfollow();
    this.#route.progressed();
  }

  /** Of a message that nobody waits for the time does not run here; it counts for the listener all the same. */
  get #remaining(): number {
    return this.bucket === 0 ? this.#timeout : this.#route.deadlines.remaining(this);
  }

  #releaseHandle(): void {
    if (!this.#terms?.handle) return;
    release(this.#terms.handle);
    this.#terms.handle = undefined;
  }

  #withdraw(code: "ERR_ACK_TIMEOUT" | "ERR_CANCELLED", text: string, cause?: unknown): void {
    const written = this.stage === "written";
    if (written && this.wantsAck) this.peer.cancel(this.id, code);
    this.fail(
      new BusError(code, text, {
        executed: written ? "maybe" : "no",
        ...(cause !== undefined && { cause }),
      }),
    );
  }

  /** Whether there is more to tell of it than names and data. */
  get #isSpecial(): boolean {
    const terms = this.#terms;
    return terms !== undefined && (terms.hasOwnTimeout || terms.isCancellable || !!terms.handle);
  }

  get #isCancellable(): boolean {
    return this.#terms?.isCancellable === true;
  }

  /** By the end of the stretch somebody may have asked, and been told. */
  #reportUnasked(error: BusError): void {
    if (!this.wantsAck) this.#report(error);
  }

  #report(error: BusError): void {
    this.#route.report(error, this);
  }
}

function notSerializable(message: OutboundEvent, cause: unknown): BusError {
  const text = `${message.name} cannot be encoded: ${messageOf(cause)}`;
  return new BusError("ERR_NOT_SERIALIZABLE", text, { cause });
}

function lost(message: OutboundEvent, what: string): BusError {
  return new BusError("ERR_HANDLE_LOST", `the handle of ${message.name} ${what}`);
}
