import type { Parcel, Snapshot, WireItem } from "./wire.ts";

/** Something only the two buses tell each other; it passes no middleware. */
export class Control implements Parcel {
  readonly flow = "one way";
  readonly size = 32;
  readonly abandoned = false;
  readonly payload = undefined;
  readonly transfer = undefined;
  snapshot: Snapshot | undefined = undefined;
  readonly #item: WireItem;

  constructor(...item: WireItem) {
    this.#item = item;
  }

  item(): WireItem {
    return this.#item;
  }

  written(): void {
    // Nobody waits for it.
  }

  left(): void {
    // Nor for this.
  }

  notWritten(): void {
    // The peer is gone.
  }

  unencodable(): void {
    // Numbers and strings always can be encoded.
  }
}
