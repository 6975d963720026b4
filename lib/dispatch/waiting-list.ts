/** Something that waits in line. */
interface Waiting {
  /** Its place among all that were emitted. */
  readonly number: number;
  /** It waits no longer. */
  readonly hasLeft: boolean;
}

/** What waits, in the order in which it was emitted. What has left stays until it is the greater part, or at the front. */
export class WaitingList<Item extends Waiting> {
  #items: Item[] = [];
  /** Where the list begins. */
  #first = 0;
  /** How many behind that have left. */
  #gone = 0;

  /** Adds an item: at the end, or where it was before if it comes back. */
  add(item: Item): void {
    let index = this.#items.length;
    while (index > this.#first && (this.#items[index - 1]?.number ?? 0) > item.number) index--;
    if (index > this.#first && this.#items[index - 1] === item) {
      // It has left, but its place is still there.
      this.#gone--;
      return;
    }
    if (index === this.#items.length) this.#items.push(item);
    else this.#items.splice(index, 0, item);
  }

  /** The first that fits. */
  first(fits: (item: Item) => boolean): Item | undefined {
    for (let index = this.#first; index < this.#items.length; index++) {
      const item = this.#items[index];
      if (item?.hasLeft) {
        if (index === this.#first) this.#skip();
      } else if (item && fits(item)) return item;
    }
    return undefined;
  }

  /** One of them has left. */
  left(): void {
    this.#gone++;
    if (this.#gone * 2 <= this.#items.length - this.#first) return;
    this.#items = this.live();
    this.#first = this.#gone = 0;
  }

  /** All that wait. */
  live(): Item[] {
    return this.#items.slice(this.#first).filter((item) => !item.hasLeft);
  }

  #skip(): void {
    this.#first++;
    this.#gone--;
  }
}
