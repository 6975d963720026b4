import type { Handle } from "../wire/handle.ts";
import type { Flow, ItemParcel } from "../wire/parcel.ts";
import type { WireItem } from "../wire/protocol.ts";
import type { SharedPayload } from "../wire/shared-payload.ts";
import type { Snapshot } from "../wire/snapshot.ts";
import { Message } from "./message.ts";

/**
 * How far a message has come. Up to `handed` it has not left this process, and a failure
 * means that no listener ran.
 */
export type Stage = "chain" | "parked" | "handed" | "written" | "settled";

/** A message on its way out: an event, or the ack of one. It crosses the chain, waits, and is put into a frame. */
export abstract class OutboundMessage extends Message implements ItemParcel {
  abstract override readonly direction: "outbound";
  abstract readonly stage: Stage;
  /** Bytes it takes, about; known once it is handed on. */
  abstract size: number;
  abstract snapshot: Snapshot | undefined;
  /** The payload, where it goes to several peers. */
  shared: SharedPayload | undefined = undefined;
  /** Bytes that count as waiting for the peer, as long as it waits. */
  abstract reserved: number;

  get abandoned(): boolean {
    return this.stage === "settled";
  }

  /** Whether it may take a little more room than there is. */
  abstract readonly mayOverdraw: boolean;
  abstract readonly isFrame: false;
  abstract readonly flow: Flow;
  abstract readonly payload: unknown;
  abstract readonly transfer: Handle | undefined;
  abstract readonly plainHead: number | undefined;
  /** It has crossed its chain, and waits to be written. */
  abstract handOver(): void;
  abstract item(): WireItem;
  abstract written(): void;
  abstract gone(): void;
  abstract notWritten(): void;
  abstract unencodable(cause: unknown): void;
  /** A middleware dropped it, or threw. */
  abstract refuse(thrown?: { cause: unknown }): void;
  /** All layers are done with it, and it was not handed on: one of them has answered it, or dropped it. */
  abstract stopped(): void;
  /** Nothing goes to its peer any more, and nobody need be told. */
  abstract discard(): void;
  /** It would have to wait, and there is no room for it. */
  abstract noRoom(code: "ERR_QUEUE_FULL" | "ERR_TOO_LARGE", why: string): void;
}
