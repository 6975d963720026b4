import type { InboundEvent } from "../message/inbound-event.ts";
import { OutboundMessage } from "../message/outbound.ts";
import { OutboundEvent } from "../message/outbound-event.ts";
import { Bundle } from "../outbox/bundle.ts";
import type { Outbox } from "../outbox/outbox.ts";
import type { Parcel } from "../wire/parcel.ts";

/** Tells, whenever it is asked, whether those messages have left, and what was in the outbox when they had come there. */
export function whenFlushed(messages: readonly OutboundMessage[], outbox: Outbox): () => boolean {
  const unfinished = new Set(messages);
  let isPast: (() => boolean) | undefined;
  return () => {
    for (const message of unfinished) {
      if (message.stage === "chain" || message.stage === "parked") return false;
      unfinished.delete(message);
    }
    isPast ??= outbox.whenPast();
    return isPast();
  };
}

/** Whether anything of a namespace is still in the outbox. */
export function holds(outbox: Outbox, namespace: string): boolean {
  return outbox.unfinished.some((parcel) =>
    parcel instanceof Bundle
      ? parcel.holds(namespace)
      : parcel instanceof OutboundMessage && parcel.namespace === namespace,
  );
}

/** The events of a namespace that were not given to the channel, without those that are text. */
export function unwritten(outbox: Outbox, namespace: string): OutboundEvent[] {
  return outbox.unfinished
    .flatMap((parcel): Parcel[] => (parcel instanceof Bundle ? parcel.objects() : [parcel]))
    .filter((parcel) => parcel instanceof OutboundEvent)
    .filter((event) => event.namespace === namespace && event.stage === "handed");
}

/** What is not over yet, in words. */
export function inWords(
  peerId: string,
  handled: readonly InboundEvent[],
  sent: readonly OutboundEvent[],
): string[] {
  return [
    ...handled.map(({ event }) => `a listener of "${event}" from ${peerId}`),
    ...sent.map((event) => `what becomes of ${event.name}`),
  ];
}
