/** What a signal cancels: one listener for a signal, however many messages go by it. */
const followed = new WeakMap<AbortSignal, Followers>();

class Followers {
  readonly #signal: AbortSignal;
  readonly #cancels = new Set<() => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort);
  }

  add(cancel: () => void): void {
    this.#cancels.add(cancel);
  }

  /** The last one lets go of the signal. */
  remove(cancel: () => void): void {
    if (!this.#cancels.delete(cancel) || this.#cancels.size > 0) return;
    this.#signal.removeEventListener("abort", this.#abort);
    followed.delete(this.#signal);
  }

  readonly #abort = (): void => {
    for (const cancel of [...this.#cancels]) cancel();
  };
}

/** Calls `cancel` when the signal aborts. Returns how to stop following. */
export function follow(signal: AbortSignal, cancel: () => void): () => void {
  let followers = followed.get(signal);
  if (!followers) {
    followers = new Followers(signal);
    followed.set(signal, followers);
  }
  const all = followers;
  all.add(cancel);
  return () => all.remove(cancel);
}
