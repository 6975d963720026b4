import { type BusError, type Executed, isBusError } from "../errors/bus-error.ts";
import type { InboundMessage } from "./inbound.ts";
import { Message } from "./message.ts";
import type { OutboundEvent } from "./outbound-event.ts";
import { refusal, whatFailed } from "./refusal.ts";

/** An ack that has arrived, until the receipt it belongs to is settled. */
export class InboundAck extends Message implements InboundMessage {
  /** The end of the chain has been reached. */
  #isReached = false;
  readonly #answered: OutboundEvent;
  /** What the sender of the ack knows. */
  readonly executed: Executed;

  constructor(
    answered: OutboundEvent,
    reply: unknown,
    error: BusError | undefined,
    isUnheard: boolean,
    headers: Record<string, string> | undefined,
  ) {
    const { peer, namespace, event, id } = answered;
    super(peer, namespace, event, id, headers);
    this.#answered = answered;
    this.executed = error?.executed ?? (isUnheard ? "no" : "yes");
    this.reply = reply;
    this.error = error;
  }

  get direction(): "inbound" {
    return "inbound";
  }

  get kind(): "ack" {
    return "ack";
  }

  override get origin(): OutboundEvent {
    return this.#answered;
  }

  get isSettled(): boolean {
    return this.#answered.abandoned;
  }

  /** It has passed the chain: its receipt is settled by a layer. */
  reach(): void {
    this.#isReached = true;
  }

  /**
   * Settles the receipt. Called by ack tracking after all further layers, with what they threw. What is thrown
   * when it has settled is reported.
   */
  settle(thrown?: { cause: unknown }): void {
    const { error } = this;
    if (this.isSettled) {
      if (thrown) this.#answered.report(refusal(this, this.executed, thrown), this);
    } else if (thrown || !this.#isReached)
      this.#answered.fail(refusal(this, this.executed, thrown));
    else if (isBusError(error)) this.#answered.fail(whatFailed(error, this.executed, this));
    else if (error) this.#answered.fail(refusal(this, this.executed, { cause: error }));
    else this.#answered.succeed(this.reply);
  }
}
