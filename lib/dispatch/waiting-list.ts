/** Something that waits in line. */
interface Waiting<Item> {
  /** Its place among all that were emitted. */
  readonly number: number;
  // Its neighbours; they belong to the list.
  before: Item | undefined;
  behind: Item | undefined;
}

/** What waits, in the order in which it was emitted. Nothing is kept of what has left, however long others wait. */
export class WaitingList<Item extends Waiting<Item>> {
  #first: Item | undefined;
  #last: Item | undefined;

  /** Adds an item: at the end, or where it was before if it comes back, which is near the front. */
  add(item: Item): void {
    let behind = this.#last && this.#last.number > item.number ? this.#first : undefined;
    while (behind && behind.number < item.number) behind = behind.behind;
    this.#join(behind ? behind.before : this.#last, item);
    this.#join(item, behind);
  }

  /** The first that fits. */
  first(fits: (item: Item) => boolean): Item | undefined {
    let item = this.#first;
    while (item && !fits(item)) item = item.behind;
    return item;
  }

  /** One of them waits no longer; nothing happens to one that does not. */
  remove(item: Item): void {
    if (item !== this.#first && item.before === undefined) return;
    this.#join(item.before, item.behind);
    item.before = item.behind = undefined;
  }

  /** All that wait. */
  all(): Item[] {
    const items: Item[] = [];
    for (let item = this.#first; item; item = item.behind) items.push(item);
    return items;
  }

  /** Makes them neighbours; nobody is before the first, and behind the last. */
  #join(before: Item | undefined, behind: Item | undefined): void {
    if (before) before.behind = behind;
    else this.#first = behind;
    if (behind) behind.before = before;
    else this.#last = before;
  }
}
