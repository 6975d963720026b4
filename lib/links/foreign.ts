/** Messages that are kept for a listener to come; beyond it they are dropped, as there has never been one. */
const MOST_KEPT = 1000;

/**
 * Other people's messages on a channel of ours. A channel hands its early messages to the first
 * listener, which may be us; so what is not ours is kept while nobody else listens,
 * and given to the first other listener, as Node itself would have done.
 */
export class ForeignMessages {
  #kept: unknown[][] = [];

  get isEmpty(): boolean {
    return this.#kept.length === 0;
  }

  keep(...parameters: unknown[]): void {
    if (this.#kept.length < MOST_KEPT) this.#kept.push(parameters);
  }

  /** Gives what was kept to those who listen now. Who stops to listen meanwhile leaves the rest for the next. */
  deliver(emit: (...parameters: unknown[]) => void): void {
    const kept = this.#kept;
    this.#kept = [];
    for (const parameters of kept) emit(...parameters);
  }
}
