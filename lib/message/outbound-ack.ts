import { BusError, type Executed, messageOf } from "../errors/bus-error.ts";
import { Flag, Item, type Parcel, type Snapshot, type WireItem } from "../wire/protocol.ts";
import { encodeFailure } from "../wire/remote-error.ts";
import type { InboundEvent } from "./inbound-event.ts";
import { Message } from "./message.ts";
import type { Stage } from "./outbound-event.ts";
import { refusal } from "./refusal.ts";

/** The answer to an event, on its way back. */
export class OutboundAck extends Message implements Parcel {
  readonly direction = "outbound";
  readonly kind = "ack";
  readonly flow = "answer";
  size = 0;
  stage: Stage = "chain";
  snapshot: Snapshot | undefined = undefined;
  reserved = 0;
  readonly transfer = undefined;
  readonly #answered: InboundEvent;
  /** Whether a listener has run; whatever becomes of the ack, that stays true. */
  readonly #executed: Executed;
  /** What is answered instead, if the ack was refused or cannot be encoded. */
  #failure: BusError | undefined;

  constructor(answered: InboundEvent, failure: BusError | undefined) {
    super(answered.peer, answered.namespace, answered.event, answered.id);
    this.#answered = answered;
    this.#executed = failure?.executed ?? "yes";
    this.error = failure;
    if (!failure) this.reply = answered.reply;
  }

  override get origin(): InboundEvent {
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
    this.#answerInstead(new BusError(code, text, { executed: this.#executed }));
  }

  /** A middleware dropped the ack or threw: the sender gets to know that, not nothing. */
  refuse(thrown?: { cause: unknown }): void {
    const failure = refusal(this, this.#executed, thrown);
    if (this.stage === "chain") this.#answerInstead(failure);
    else if (this.stage === "handed") this.#replace(failure);
  }

  /** Nobody can be told any more. */
  discard(): void {
    this.stage = "settled";
    if (this.reserved > 0) this.peer.room.release(this);
  }

  get abandoned(): boolean {
    return this.stage === "settled";
  }

  get payload(): unknown {
    const failure = this.#failure ?? this.error;
    if (!failure) return this.reply;
    return encodeFailure(
      failure instanceof BusError
        ? failure
        : new BusError("ERR_REMOTE", failure.message, { cause: failure }),
    );
  }

  get plainHead(): number | undefined {
    return this.#failure || this.error || this.hasHeaders ? undefined : Item.ACK;
  }

  item(): WireItem {
    const headers = this.sentHeaders();
    const head = this.#failure || this.error ? Item.ACK | Flag.FAILURE : Item.ACK;
    return [head, this.id, headers ? { h: headers } : 0];
  }

  written(): void {
    this.stage = "written";
    if (this.reserved > 0) this.peer.room.release(this);
  }

  left(): void {
    // Nobody waits for it.
  }

  notWritten(): void {
    // The peer is gone, and with it who could wait.
  }

  unencodable(cause: unknown): void {
    this.#answerInstead(
      new BusError(
        "ERR_NOT_SERIALIZABLE",
        `the reply to "${this.event}" cannot be encoded: ${messageOf(cause)}`,
        { executed: this.#executed, cause },
      ),
    );
  }

  #answerInstead(failure: BusError): void {
    this.#replace(failure);
    this.stage = "chain";
    this.peer.hand(this);
  }

  #replace(failure: BusError): void {
    this.#failure = failure;
    this.snapshot = undefined;
    if (this.reserved > 0) this.peer.room.release(this);
  }
}
