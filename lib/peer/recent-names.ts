/** Names that are remembered; older ones are as good as new. */
const MOST = 1000;

/** The latest of the namespaces that were closed: who sends there is told at once, and the memory stays bounded. */
export class RecentNames implements Iterable<string> {
  readonly #names = new Set<string>();

  get size(): number {
    return this.#names.size;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  add(name: string): void {
    this.#names.delete(name);
    this.#names.add(name);
    for (const oldest of this.#names) {
      if (this.#names.size <= MOST) break;
      this.#names.delete(oldest);
    }
  }

  delete(name: string): void {
    this.#names.delete(name);
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#names[Symbol.iterator]();
  }
}
