import type { Parcel, Snapshot, WireItem } from "./protocol.ts";

/** Something only the two buses tell each other; it passes no middleware. */
export class Control implements Parcel {
  readonly flow = "one way";
  readonly size = 32;
  readonly abandoned = false;
  readonly payload = undefined;
  readonly transfer = undefined;
  snapshot: Snapshot | undefined = undefined;
  /** It was given to the link. */
  isWritten = false;
  readonly #item: WireItem;

  constructor(...item: WireItem) {
    this.#item = item;
  }

  item(): WireItem {
    return this.#item;
  }

  written(): void {
    this.isWritten = true;
  }

  left(): void {
    // Nobody waits for it.
  }

  notWritten(): void {
    // The peer is gone.
  }

  unencodable(): void {
    // Numbers and strings always can be encoded.
  }
}
