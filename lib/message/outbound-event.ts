import {
  BusError,
  type End,
  type ErrorCode,
  type Executed,
  isBusError,
  type Place,
  showCaller,
} from "../errors/bus-error.ts";
import type { Expiring } from "../time/deadlines.ts";
import { inherited } from "../time/inheritance.ts";
import { afterStretch, currentStretch, isCurrentStretch } from "../time/stretch.ts";
import { type Handle, takeUnread, writtenOut } from "../wire/handle.ts";
import { eventItem, plainEventHead } from "../wire/items.ts";
import type { Flow } from "../wire/parcel.ts";
import type { WireItem } from "../wire/protocol.ts";
import type { SharedPayload } from "../wire/shared-payload.ts";
import type { Snapshot } from "../wire/snapshot.ts";
import type { Asker, EventBundle, EventRoute } from "./event-route.ts";
import { Extras } from "./extras.ts";
import { handleLost, NOT_ARRIVED, notSerializable } from "./failures.ts";
import { heldUpBy } from "./held-up.ts";
import type { InboundMessage } from "./inbound.ts";
import { Message } from "./message.ts";
import type { EmitOptions } from "./options.ts";
import type { OutboundMessage, Stage } from "./outbound.ts";
import { refusal } from "./refusal.ts";

/** An event on its way out, until its receipt has settled. */
export class OutboundEvent extends Message implements OutboundMessage, Expiring {
  stage: Stage = "chain";
  size = 0;
  snapshot: Snapshot | undefined = undefined;
  shared: SharedPayload | undefined = undefined;
  reserved = 0;
  /** Its ack, once it has arrived; what is left is its way through the chain. */
  answer: InboundMessage | undefined = undefined;
  /** What was written to its socket has to leave first. */
  awaitsSocket = false;
  /** It is not in this process any more, as far as the system tells. */
  hasLeft = false;
  /** Where it waits as text, if it does. */
  bundled: { readonly bundle: EventBundle<OutboundEvent>; readonly index: number } | undefined =
    undefined;

  // The place in the list of deadlines; it belongs to `Deadlines`.
  bucket = 0;
  earlier: Expiring | undefined = undefined;
  later: Expiring | undefined = undefined;

  readonly #route: EventRoute<OutboundEvent>;
  #isWaiting = false;
  #stretch: number = currentStretch();
  #extras: Extras | undefined;
  #timeout: number;
  #wantsAck = false;
  #asker: Asker<OutboundEvent> | undefined;
  #promise: Promise<unknown> | undefined;

  constructor(
    route: EventRoute<OutboundEvent>,
    event: string,
    data: unknown,
    options?: EmitOptions,
  ) {
    super(route.peer, route.namespace, event, route.nextId());
    this.#route = route;
    this.data = data;
    const from = inherited();
    this.#timeout = route.ackTimeout;
    if (!options && !from) return;
    this.#extras = new Extras(options, from);
    const { timeout } = this.#extras;
    if (timeout !== undefined) this.#timeout = timeout;
  }

  get direction(): "outbound" {
    return "outbound";
  }

  get kind(): "event" {
    return "event";
  }

  get abandoned(): boolean {
    return this.stage === "settled";
  }

  get mayOverdraw(): boolean {
    return false;
  }

  override get handle(): Handle | undefined {
    return this.#extras?.handle;
  }

  get queueHandle(): boolean {
    return this.#extras?.queueHandle === true;
  }

  override get signal(): AbortSignal {
    return this.#extras?.signal ?? super.signal;
  }

  /** Whether `within` and `ackd` may still be called. */
  get isFresh(): boolean {
    return isCurrentStretch(this.#stretch);
  }

  /** It is made once more of its text, to be told what became of it: who emitted it is long past asking. */
  restore(isWritten: boolean): void {
    this.#stretch = 0;
    if (isWritten) this.stage = "written";
  }

  get wantsAck(): boolean {
    return this.#wantsAck;
  }

  /** Whether the message cannot be written at once: its namespace is not ready there, or others wait for it. */
  get mustWait(): boolean {
    return this.#route.mustWait;
  }

  /** Why its handle cannot be sent, if it cannot. */
  get handleFault(): string | undefined {
    const isRefused = this.handle !== undefined && !this.#route.carriesHandles;
    return isRefused ? "cannot be sent: this link carries no handles" : this.#extras?.handleFault;
  }

  /** Resolves when what was written to its socket has left, or it is closed; `undefined` if that is so. */
  writtenOut(): Promise<void> | undefined {
    const written = this.handle && writtenOut(this.handle);
    this.awaitsSocket = written !== undefined;
    // A client that does not read holds it up no longer than its time.
    if (written) this.startTime();
    return written;
  }

  /** Where it was emitted, for the error it may end with. */
  calledFrom(caller: Place): void {
    this.#extras ??= new Extras();
    this.#extras.caller = caller;
  }

  /** From here on the message is the bus's: whatever happens is told by the receipt. */
  accept(): void {
    this.#extras?.takeOver();
    this.#extras?.follow((reason) => {
      this.#withdraw("ERR_CANCELLED", `${this.name} was cancelled`, reason);
    });
  }

  /** Sets the time limit, in ms from now. A default is nothing that the listener has to know of. */
  limit(timeout: number, isDefault = false): void {
    this.#extras ??= new Extras();
    this.#timeout = this.#extras.limit(timeout, isDefault);
    this.bundled?.bundle.keep(this, this.bundled.index);
    if (this.bucket === 0 && !this.#isWaiting) return;
    this.#route.deadlines.remove(this);
    this.#route.deadlines.add(this, this.#timeout);
  }

  /** Somebody wants the answer: from here on the time runs. */
  acknowledged(): Promise<unknown> {
    this.#promise ??= new Promise((fulfilled, rejected) => {
      this.answerTo({ fulfilled, rejected });
      this.runTime();
    });
    return this.#promise;
  }

  /** Tells somebody how it ends: from now on, or at once if it has ended. Its ack is not asked for on that account. */
  tell(asker: Asker<OutboundEvent>): void {
    this.#asker = asker;
    const isOver = this.stage === "settled";
    if (isOver && this.error) asker.rejected(this.error as BusError, 0);
    else if (isOver && this.isReplied) asker.fulfilled(this.reply);
  }

  /** Its answer is for somebody who may be told at once, with no promise between. Its time does not run on that account. */
  answerTo(asker: Asker<OutboundEvent>): void {
    this.bundled?.bundle.keep(this, this.bundled.index);
    this.#wantsAck = true;
    if (this.stage !== "settled") this.#route.expectAnswer();
    this.tell(asker);
  }

  /** Its time runs, unless it does already. */
  runTime(): void {
    if (this.bucket === 0 && this.stage !== "settled")
      this.#route.deadlines.add(this, this.#timeout);
  }

  /** The time to ask for its answer is over: from here on it is a message without `ackd`. */
  disown(): void {
    if (this.#wantsAck && this.stage !== "settled") this.#route.answered();
    this.#wantsAck = false;
    this.#asker = this.#promise = undefined;
    if (this.stage === "written" && !this.handle) this.#finish();
    if (this.error) this.report(this.error as BusError);
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

  /** It may be cancelled from here on, and the other side is told so. Before it is written. */
  makeCancellable(): void {
    this.#extras ??= new Extras();
    this.#extras.mayBeCancelled = true;
    this.bundled?.bundle.keep(this, this.bundled.index);
  }

  /** Nobody wants its answer any more. */
  cancel(why: string): void {
    this.#withdraw("ERR_CANCELLED", `${this.name} was cancelled: ${why}`);
  }

  /** Gives it all its time again. */
  restartTime(): void {
    if (this.stage === "settled") return;
    this.#route.deadlines.remove(this);
    this.startTime();
  }

  /** Its time runs while it waits itself, if somebody waits for it or it was given one; otherwise it has all the time. */
  startTime(): void {
    this.#isWaiting = true;
    const isTimed = this.wantsAck || this.#extras?.hasOwnTimeout;
    if (isTimed && this.bucket === 0) this.#route.deadlines.add(this, this.#timeout);
  }

  noRoom(code: "ERR_QUEUE_FULL" | "ERR_TOO_LARGE", why: string): void {
    this.fail(new BusError(code, `${this.name} cannot wait: ${why}`, { about: this }));
  }

  /** The message was dropped by a middleware, or one threw: after it had settled, perhaps, and been told of no failure. */
  refuse(thrown?: { cause: unknown }): void {
    if (this.stage !== "settled") this.fail(refusal(this, this.#executed(), thrown));
    else if (thrown && !this.error) this.report(refusal(this, this.#executed(), thrown));
  }

  stopped(): void {
    this.#extras?.releaseHandle();
    if (this.isReplied) this.succeed(this.reply);
    else this.refuse();
  }

  discard(): void {
    // What ends its peer settles it.
  }

  /** Settles the receipt with an error. Does nothing if it has settled before. */
  fail(error: BusError): void {
    if (this.stage === "settled") return;
    const isTakenBack = this.#asker?.takesBack?.(error, this) === true;
    // A handle on its way stays open until it is known whether it arrived.
    if (this.stage !== "written" && !isTakenBack) this.#extras?.releaseHandle();
    const left = isTakenBack ? this.#left() : 0;
    this.#finish();
    if (!isTakenBack) this.snapshot = undefined;
    this.error = error;
    if (this.#extras?.caller) showCaller(error, this.#extras.caller);
    if (this.#asker) this.#asker.rejected(error, left);
    else if (this.isFresh) afterStretch(() => !this.wantsAck && this.report(error));
    else this.report(error);
  }

  /** Its ack has arrived, and crosses the chain. Returns whether that is still to settle. */
  receive(ack: InboundMessage): boolean {
    this.answer = ack;
    return this.#route.receive(ack);
  }

  /** Settles the receipt with a reply. */
  succeed(reply: unknown): void {
    if (this.stage === "settled") return;
    this.#finish();
    this.#asker?.fulfilled(reply);
  }

  expire(): void {
    const late = `no ack for ${this.name} within ${Math.ceil(this.#timeout)} ms`;
    this.#withdraw("ERR_ACK_TIMEOUT", `${late}: ${heldUpBy(this, this.#route)}`);
  }

  /** The error it ends with when nothing goes to its peer, or comes from there, any more. */
  cutOff(code: ErrorCode, reason: string, end: End = {}): BusError {
    const [executed, { exitCode, signal, cause }] = [this.#executed(), end];
    const text = `${this.name} was not ${executed !== "no" ? "acknowledged" : "sent"}: ${reason}`;
    return new BusError(code, text, { exitCode, signal, executed, about: this, cause });
  }

  handOver(): void {
    this.stage = "handed";
  }

  /** Its namespace is ready: it has parked long enough. */
  goOn(): void {
    this.stage = "chain";
  }

  get isFrame(): false {
    return false;
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
    if (this.#extras?.isSpecial || this.hasHeaders) return undefined;
    return plainEventHead(this.wantsAck);
  }

  item(): WireItem {
    const { handle, handleFault } = this;
    if (handleFault) throw handleLost(this, handleFault);
    return eventItem(this, handle && takeUnread(handle));
  }

  /** Whether its text is all that is needed of it: nobody waits for it, nothing ends it, no handle goes with it. What has waited stays an object. */
  get isBundleable(): boolean {
    const form = this.snapshot?.form;
    if (form !== "text" && form !== "nothing") return false;
    return !(this.#asker || this.#isWaiting || this.bucket !== 0 || this.#extras?.isSpecial);
  }

  written(): void {
    this.stage = "written";
    this.#asker?.written?.(this);
    if (this.reserved > 0) this.#route.release(this);
    this.snapshot = undefined;
    if (!this.wantsAck) return;
    this.#route.awaitAck(this);
    // Where no layer has seen the message, nothing looks at its data after this.
    if (this.layer === undefined) this.data = undefined;
  }

  gone(): void {
    this.hasLeft = true;
    if (this.stage === "written" && !this.wantsAck && !this.handle) this.succeed(undefined);
  }

  notWritten(): void {
    if (this.stage !== "written") return;
    this.#route.forget(this);
    this.stage = "handed";
  }

  unencodable(cause: unknown): void {
    this.fail(isBusError(cause) ? cause : notSerializable(this, cause));
  }

  /** The other side has said whether the handle arrived. */
  transferred(arrived: boolean): void {
    this.#extras?.releaseHandle();
    if (!arrived) this.fail(handleLost(this, NOT_ARRIVED));
    else if (!this.wantsAck) this.succeed(undefined);
  }

  /** Milliseconds left of a time that was set for it. While nobody waits for it that does not run, but counts over there. */
  get remaining(): number {
    return this.#extras?.hasOwnTimeout ? this.#left() : Infinity;
  }

  #left(): number {
    return this.bucket === 0 ? this.#timeout : this.#route.deadlines.remaining(this);
  }

  get isCancellable(): boolean {
    return this.#extras?.isCancellable === true;
  }

  /** What it is called in texts. */
  get name(): string {
    return `"${this.event}" to ${this.peer.id}`;
  }

  #finish(): void {
    const { stage } = this;
    this.stage = "settled";
    if (stage !== "written") this.#route.letGo(this, stage);
    if (this.bundled) {
      // Taken out: nothing that is asked of it later may put it in again.
      this.bundled.bundle.drop(this, this.bundled.index);
      this.bundled = undefined;
    } else if (this.reserved > 0) this.#route.release(this);
    if (stage === "written") this.#route.forget(this);
    if (this.#wantsAck) this.#route.answered();
    this.#route.deadlines.remove(this);
    this.#extras?.unfollow();
    this.#route.progressed();
  }

  #withdraw(code: "ERR_ACK_TIMEOUT" | "ERR_CANCELLED", text: string, cause?: unknown): void {
    if (this.stage === "written" && this.wantsAck) this.#route.cancel(this, code);
    this.fail(new BusError(code, text, { executed: this.#executed(), about: this, cause }));
  }

  /** Whether a listener has run, or may have: with what is still here it is taken back. */
  #executed(): Executed {
    if (this.answer) return this.answer.executed;
    if (this.stage === "written" || this.hasLeft) return "maybe";
    const { bundled } = this;
    return !bundled || bundled.bundle.canDrop(this) ? "no" : "maybe";
  }

  /** Something went wrong, with it or its ack, that nobody is told of otherwise. */
  report(error: BusError, message: Message = this): void {
    this.#route.report(error, message);
  }
}
