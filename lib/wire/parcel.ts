import type { Handle } from "./handle.ts";
import type { WireItem } from "./protocol.ts";
import type { SharedPayload } from "./shared-payload.ts";
import type { Snapshot } from "./snapshot.ts";

/** How a parcel moves: with others that are answered, as an answer to such, or on its own. */
export type Flow = "request" | "answer" | "one way";

/** Something that waits to be given to the channel: an item of a frame, or a frame by itself. */
export type Parcel = ItemParcel | FrameParcel;

/** What both kinds have. */
interface Waiting {
  readonly flow: Flow;
  /** Bytes it takes, about. */
  readonly size: number;
  /** It has settled meanwhile, and is left out. */
  readonly abandoned: boolean;
  /** It was given to the link. */
  written(): void;
  /** It is not in this process any more, or at least Node says so. */
  gone(): void;
  /** It was given to the link, but the channel is broken and took nothing of it. */
  notWritten(): void;
  /** Its payload cannot be encoded, so it is in no frame. */
  unencodable(cause: unknown): void;
}

/** A message, or a note between the buses. */
export interface ItemParcel extends Waiting {
  readonly isFrame: false;
  /** The payload; `undefined` if there is none. */
  readonly payload: unknown;
  /** The payload, where other parcels have the same. */
  readonly shared: SharedPayload | undefined;
  snapshot: Snapshot | undefined;
  /** Travels in a frame of its own. */
  readonly transfer: Handle | undefined;
  /** Where there is nothing to tell of it but its names and a payload: the head of its item. */
  readonly plainHead: number | undefined;
  readonly id: number;
  readonly namespace: string;
  readonly event: string;
  /** The item, without its payload. */
  item(): WireItem;
}

/** Messages that were encoded before, together. */
export interface FrameParcel extends Waiting {
  readonly isFrame: true;
  /** Its items, as text. */
  frameText(): string;
}
