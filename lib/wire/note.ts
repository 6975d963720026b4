import type { Parcel } from "./parcel.ts";
import type { WireItem } from "./protocol.ts";
import type { Snapshot } from "./snapshot.ts";

/** A short note between the two buses; it passes no middleware. */
export class Note implements Parcel {
  readonly flow = "one way";
  readonly size = 32;
  readonly abandoned = false;
  readonly payload = undefined;
  readonly transfer = undefined;
  snapshot: Snapshot | undefined = undefined;
  /** It was given to the link. */
  isWritten = false;
  readonly #item: WireItem;
  readonly #onLeft: (() => void) | undefined;

  /** `onLeft` is called when it has left this process. */
  constructor(item: WireItem, onLeft?: () => void) {
    this.#item = item;
    this.#onLeft = onLeft;
  }

  item(): WireItem {
    return this.#item;
  }

  written(): void {
    this.isWritten = true;
  }

  left(): void {
    this.#onLeft?.();
  }

  notWritten(): void {
    // The peer is gone.
  }

  unencodable(): void {
    // Numbers and strings always can be encoded.
  }
}
