import type { ItemParcel, Parcel } from "../wire/parcel.ts";
import { Message } from "./message.ts";

/**
 * How far a message has come. Up to `handed` it has not left this process, and a failure
 * means that no listener ran.
 */
export type Stage = "chain" | "parked" | "handed" | "written" | "settled";

/** A message on its way out: an event, or the ack of one. It crosses the chain, waits, and is put into a frame. */
export interface OutboundMessage extends Message, ItemParcel {
  readonly direction: "outbound";
  readonly stage: Stage;
  /** Known once it is handed on. */
  size: number;
  /** Bytes that count as waiting for the peer, as long as it waits. */
  reserved: number;
  /** Whether it may take a little more room than there is. */
  readonly mayOverdraw: boolean;
  /** It has crossed its chain, and waits to be written. */
  handOver(): void;
  /** A middleware dropped it, or threw. */
  refuse(thrown?: { cause: unknown }): void;
  /** All layers are done with it, and it was not handed on: one of them has answered it, or dropped it. */
  stopped(): void;
  /** Nothing goes to its peer any more, and nobody need be told. */
  discard(): void;
  /** It would have to wait, and there is no room for it. */
  noRoom(code: "ERR_QUEUE_FULL" | "ERR_TOO_LARGE", why: string): void;
}

/** Whether what waits to be written is a message, and no note between the buses. */
export function isOutbound(parcel: Parcel | undefined): parcel is OutboundMessage {
  return parcel instanceof Message;
}
