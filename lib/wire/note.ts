import type { ItemParcel } from "./parcel.ts";
import type { WireItem } from "./protocol.ts";
import type { Snapshot } from "./snapshot.ts";

/** A short note between the two buses; it passes no middleware. */
export class Note implements ItemParcel {
  readonly isFrame = false;
  readonly flow = "one way";
  /** The bounds are for messages. */
  readonly size = 0;
  readonly abandoned: boolean = false;
  readonly payload = undefined;
  readonly shared = undefined;
  readonly transfer = undefined;
  readonly plainHead = undefined;
  readonly id = 0;
  readonly namespace = "";
  readonly event = "";
  snapshot: Snapshot | undefined = undefined;
  /** It was given to the link. */
  isWritten = false;
  readonly #item: WireItem;
  readonly #onGone: (() => void) | undefined;

  /** `onGone` is called when it is not in this process any more. */
  constructor(item: WireItem, onGone?: () => void) {
    this.#item = item;
    this.#onGone = onGone;
  }

  item(): WireItem {
    return this.#item;
  }

  written(): void {
    this.isWritten = true;
  }

  gone(): void {
    this.#onGone?.();
  }

  notWritten(): void {
    // The peer is gone.
  }

  unencodable(): void {
    // Numbers and strings always can be encoded.
  }
}
