import { isOutbound, type OutboundMessage } from "../message/outbound.ts";
import type { Parcel } from "../wire/parcel.ts";

/** Tells some messages otherwise than in frames, each as a message of its own. */
export interface OutboxTranslator {
  /** Whether who gets the message understands nothing else. */
  speaksTo(message: OutboundMessage): boolean;
  translate(message: OutboundMessage, payload: unknown): object;
}

/** Whether a parcel is a message that is told otherwise. */
export function isToldBy(
  translator: OutboxTranslator,
  parcel: Parcel | undefined,
): parcel is OutboundMessage {
  return isOutbound(parcel) && translator.speaksTo(parcel);
}
