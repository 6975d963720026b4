/** What a signal cancels: one listener for a signal, however many messages go by it. */
const followers = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `cancel` when the signal aborts. Returns how to stop following. */
export function follow(signal: AbortSignal, cancel: () => void): () => void {
  let all = followers.get(signal);
  if (!all) {
    const made = new Set<() => void>();
    all = made;
    followers.set(signal, made);
    signal.addEventListener("abort", () => {
      for (const each of [...made]) each();
    });
  }
  all.add(cancel);
  return () => all.delete(cancel);
}
