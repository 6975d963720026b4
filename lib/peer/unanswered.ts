import type { BusError } from "../errors/bus-error.ts";
import { InboundAck } from "../message/inbound-ack.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import { type AckArrival, isRun, readAck, readAcks } from "../wire/items.ts";
import type { WireItem } from "../wire/protocol.ts";
import { decodeFailure } from "../wire/remote-error.ts";
import { ById } from "./by-id.ts";

/** The messages that were written to a peer and wait for their acks, by id. */
export class Unanswered {
  readonly #byId = new ById<OutboundEvent>();

  get size(): number {
    return this.#byId.size;
  }

  values(): OutboundEvent[] {
    return this.#byId.values();
  }

  add(event: OutboundEvent): void {
    this.#byId.add(event);
  }

  remove(event: OutboundEvent): void {
    this.#byId.delete(event.id);
  }

  /** An item with an ack, or a run of them. */
  receive(item: WireItem): void {
    if (isRun(item)) {
      readAcks(item, this.#takeReply);
      return;
    }
    this.take(readAck(item));
  }

  /** An ack, whichever way it was told. */
  take({ id, payload, isFailure, isUnheard, headers }: AckArrival): void {
    const answered = this.#unanswered(id);
    if (!answered) return;
    const failure = isFailure ? decodeFailure(payload, answered) : undefined;
    settle(answered, failure ? undefined : payload, failure, isUnheard, headers);
  }

  readonly #takeReply = (id: number, reply: unknown): void => {
    const answered = this.#unanswered(id);
    if (answered) settle(answered, reply);
  };

  /** A late ack, or a second one, finds nobody who waits for it. */
  #unanswered(id: number): OutboundEvent | undefined {
    const answered = this.#byId.get(id);
    return answered?.answer ? undefined : answered;
  }
}

function settle(
  answered: OutboundEvent,
  reply: unknown,
  failure?: BusError,
  isUnheard = false,
  headers?: Record<string, string>,
): void {
  // It has arrived in time. The middleware gets as much time again, so that it settles in any case.
  const ack = new InboundAck(answered, reply, failure, isUnheard, headers);
  if (answered.receive(ack)) answered.restartTime();
}
