import type { Handle } from "./handle.ts";
import type { WireItem } from "./protocol.ts";
import type { Snapshot } from "./snapshot.ts";

/** How a parcel moves: with others that are answered, as an answer to such, or on its own. */
export type Flow = "request" | "answer" | "one way";

/** Something that waits to be put into a frame. */
export interface Parcel {
  readonly flow: Flow;
  /** Bytes it takes, about. */
  readonly size: number;
  /** Nobody waits for it any more: it is left out. */
  readonly abandoned: boolean;
  /** The payload; `undefined` if there is none. */
  readonly payload: unknown;
  snapshot: Snapshot | undefined;
  /** Travels in a frame of its own. */
  readonly transfer: Handle | undefined;
  /** Where there is nothing to tell of it but its names and a payload: the head of its item. */
  readonly plainHead?: number | undefined;
  readonly id?: number;
  readonly namespace?: string;
  readonly event?: string;
  /** The item, without its payload. */
  item(): WireItem;
  /** Of a parcel that is a frame by itself, encoded before: the text of its items. */
  frameText?(): string;
  /** It was given to the link. */
  written(): void;
  /** It has left this process, or at least Node says so. */
  left(): void;
  /** It was given to the link, but the channel is broken and took nothing of it. */
  notWritten(): void;
  /** Its payload cannot be encoded, and it was left out. */
  unencodable(cause: unknown): void;
}
