/** Slots for the latest, to begin with and at most. */
const LEAST = 64;
const MOST = 4096;

/**
 * Things with ascending ids, most of which do not stay for long. A `Map` would do, but one that is always added to and
 * deleted from is copied all the time, and V8 lets each dead copy keep the next one, with all that is in it,
 * until a full collection. The latest have a slot each in a ring; who stays longer moves to a map.
 */
export class ById<Item extends { readonly id: number }> {
  #ring: (Item | undefined)[] = [];
  /** How many of them are in the ring. */
  #inRing = 0;
  readonly #stayed = new Map<number, Item>();

  get size(): number {
    return this.#inRing + this.#stayed.size;
  }

  get(id: number): Item | undefined {
    const item = this.#ring[id & (this.#ring.length - 1)];
    return item?.id === id ? item : this.#stayed.get(id);
  }

  add(item: Item): void {
    if (this.#ring.length === 0) this.#grow(LEAST);
    const slot = item.id & (this.#ring.length - 1);
    const older = this.#ring[slot];
    if (older === undefined) {
      this.#inRing++;
    } else if (this.#inRing > this.#ring.length / 2 && this.#ring.length < MOST) {
      this.#grow(this.#ring.length * 2);
      this.add(item);
      return;
    } else {
      this.#stayed.set(older.id, older);
    }
    this.#ring[slot] = item;
  }

  delete(id: number): void {
    const slot = id & (this.#ring.length - 1);
    if (this.#ring[slot]?.id === id) {
      this.#ring[slot] = undefined;
      this.#inRing--;
    } else if (this.#stayed.size > 0) {
      this.#stayed.delete(id);
    }
  }

  /** All of them, by their ids. */
  values(): Item[] {
    const latest = this.#ring.filter((item) => item !== undefined);
    return [...this.#stayed.values(), ...latest].toSorted((one, other) => one.id - other.id);
  }

  #grow(length: number): void {
    const items = this.#ring;
    this.#ring = new Array<Item | undefined>(length).fill(undefined);
    this.#inRing = 0;
    for (const item of items) if (item) this.add(item);
  }
}
