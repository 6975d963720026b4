import { BusError, type Executed, messageOf } from "../errors/bus-error.ts";
import { ackItem } from "../wire/items.ts";
import { Item, type WireItem } from "../wire/protocol.ts";
import { encodeFailure, type WireFailure } from "../wire/remote-error.ts";
import type { Serialization } from "../wire/serialization.ts";
import type { Snapshot } from "../wire/snapshot.ts";
import type { InboundEvent } from "./inbound-event.ts";
import { Message, type Stateful } from "./message.ts";
import type { OutboundMessage, Stage } from "./outbound.ts";
import type { Peer } from "./peer.ts";
import { refusal, whatFailed } from "./refusal.ts";

/** What an ack asks of the peer it goes to. */
export interface AckPeer extends Peer {
  /** Where what is answered instead is put into a frame. */
  readonly outbox: { take(ack: OutboundAck): void };
  /** Where it took room. */
  readonly backlog: { release(ack: OutboundAck): void };
  readonly serialization: Serialization;
  readonly limits: { readonly error: number };
  report(error: BusError, message: Message): void;
}

/** The answer to an event, on its way back. */
export class OutboundAck extends Message implements OutboundMessage {
  declare readonly peer: AckPeer;
  stage: Stage = "chain";
  size = 0;
  snapshot: Snapshot | undefined = undefined;
  reserved = 0;
  /** Only its state is left where something else is answered, which may have to wait for long. */
  #answered: Stateful;
  /** Whether a listener has run; whatever becomes of the ack, that stays true. */
  readonly #executed: Executed;
  /** What is answered instead, if the ack was refused or cannot be encoded. */
  #failure: BusError | undefined;
  /** What went wrong, fit for the wire. */
  #told: { readonly origin: unknown; readonly wire: WireFailure } | undefined;

  constructor(peer: AckPeer, answered: InboundEvent, failure: BusError | undefined) {
    super(peer, answered.namespace, answered.event, answered.id);
    this.#answered = answered;
    this.#executed = failure?.executed ?? answered.executed;
    this.error = failure;
    if (!failure) this.reply = answered.reply;
  }

  get direction(): "outbound" {
    return "outbound";
  }

  get kind(): "ack" {
    return "ack";
  }

  get flow(): "answer" {
    return "answer";
  }

  get isFrame(): false {
    return false;
  }

  get transfer(): undefined {
    return undefined;
  }

  get shared(): undefined {
    return undefined;
  }

  override get origin(): Stateful {
    return this.#answered;
  }

  /** What stands for a reply that has no room is short, and may take a little more room than there is. */
  get mayOverdraw(): boolean {
    return this.#failure !== undefined;
  }

  /** There is no room for the reply to wait in, and that is answered; or not even for that. */
  noRoom(code: "ERR_QUEUE_FULL" | "ERR_TOO_LARGE", why: string): void {
    if (this.#failure) {
      this.discard();
      return;
    }
    const text = `the reply to "${this.event}" cannot wait: ${why}`;
    this.#answerInstead(new BusError(code, text, { executed: this.#executed, about: this }));
  }

  /** A middleware dropped the ack or threw: the sender gets to know that, not nothing. */
  refuse(thrown?: { cause: unknown }): void {
    const failure = refusal(this, this.#executed, thrown);
    if (this.stage === "chain") this.#answerInstead(failure);
    else if (this.stage === "handed") this.#replace(failure);
  }

  stopped(): void {
    this.refuse();
  }

  /** Its receiver is gone, or has no room for it. */
  discard(): void {
    this.stage = "settled";
    if (this.reserved > 0) this.peer.backlog.release(this);
  }

  get abandoned(): boolean {
    return this.stage === "settled";
  }

  get payload(): unknown {
    const { failure } = this;
    return failure ? this.#tell(failure) : this.reply;
  }

  /** It is read once, as whatever is sent. */
  #tell(failure: BusError): WireFailure {
    const origin = this.#failure ?? this.error;
    if (!this.#told || this.#told.origin !== origin) {
      const { serialization, limits } = this.peer;
      const wire = encodeFailure(failure, { serialization, most: limits.error });
      this.#told = { origin, wire };
    }
    return this.#told.wire;
  }

  /** What it says went wrong, if something did. */
  get failure(): BusError | undefined {
    const failure = this.#failure ?? this.error;
    return failure && whatFailed(failure, this.#executed, this);
  }

  get plainHead(): number | undefined {
    const isPlain = !(this.#failure || this.error || this.hasHeaders || this.#isUnheard());
    return isPlain ? Item.ACK : undefined;
  }

  /** A middleware has replied, and no listener. */
  #isUnheard(): boolean {
    return this.#executed === "no";
  }

  item(): WireItem {
    const isFailure = this.failure !== undefined;
    // They may be what could not be encoded.
    const headers = this.#wasUnencodable ? undefined : this.sentHeaders();
    return ackItem(this.id, isFailure, this.#isUnheard() && !isFailure, headers);
  }

  get #wasUnencodable(): boolean {
    return this.#failure?.code === "ERR_NOT_SERIALIZABLE";
  }

  handOver(): void {
    this.stage = "handed";
  }

  written(): void {
    this.stage = "written";
    if (this.reserved > 0) this.peer.backlog.release(this);
  }

  gone(): void {
    // An ack is not acknowledged: there is nothing to settle.
  }

  notWritten(): void {
    // The peer is gone, and with it who could wait.
  }

  unencodable(cause: unknown): void {
    const text = `the reply to "${this.event}" cannot be encoded: ${messageOf(cause)}`;
    const details = { executed: this.#executed, cause, about: this };
    const failure = new BusError("ERR_NOT_SERIALIZABLE", text, details);
    if (this.#wasUnencodable) {
      // Not even that can be told: somebody's `send` takes nothing.
      this.discard();
      this.peer.report(failure, this);
    } else {
      this.#answerInstead(failure);
    }
  }

  #answerInstead(failure: BusError): void {
    this.#replace(failure);
    this.stage = "chain";
    this.peer.outbox.take(this);
  }

  /** Nothing is kept of a reply, or an error, that is not told: the failure may wait where there was no room for that. */
  #replace(failure: BusError): void {
    this.#failure = failure;
    const { state } = this.#answered;
    this.#answered = { state };
    this.reply = this.snapshot = this.#told = undefined;
    this.error = failure;
    if (this.reserved > 0) this.peer.backlog.release(this);
  }
}
