import type { Peer } from "../message/peer.ts";

/** Where the messages of each key are, until they have settled. */
export class PlacedKeys {
  readonly #placed = new Map<string, { readonly peer: Peer; count: number }>();

  add(key: string, peer: Peer): void {
    const placed = this.#placed.get(key);
    if (placed) placed.count++;
    else this.#placed.set(key, { peer, count: 1 });
  }

  /** One of a key has settled, or has come back. Returns whether none is left. */
  remove(key: string): boolean {
    const placed = this.#placed.get(key);
    if (!placed || --placed.count > 0) return false;
    return this.#placed.delete(key);
  }

  /** Whether there are some at another peer: whoever went there now could overtake them. */
  areElsewhere(key: string | undefined, peer: Peer): boolean {
    const placed = key === undefined ? undefined : this.#placed.get(key);
    return placed !== undefined && placed.peer !== peer;
  }
}
