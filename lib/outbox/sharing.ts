import { nextTickOutside } from "../time/context.ts";
import { native } from "../time/native.ts";
import type { Parcel } from "../wire/parcel.ts";
import type { Serialization } from "../wire/serialization.ts";
import { WORTH_SHARING } from "../wire/shared-payload.ts";
import { hold, look, type Snapshot } from "../wire/snapshot.ts";

/** What is asked of an outbox that has something to write at the end of this tick. */
export interface SharingOutbox {
  /** Writes it. It runs in no asynchronous context. */
  flush(): void;
  /** What waits to be written. */
  readonly parcels: readonly Parcel[];
}

/** All outboxes that write at the end of this tick. */
let outboxes: SharingOutbox[] = [];
/** What they have in common, while they do. */
let sharing: Sharing | undefined;

/** Has an outbox write at the end of this tick, together with all others that have something to write then. */
export function flushSoon(outbox: SharingOutbox): void {
  if (outboxes.length === 0) nextTickOutside(flushAll);
  outboxes.push(outbox);
}

/** From here on nothing that was encoded is shared any more: something was emitted after that. */
export function endSharing(): void {
  sharing = undefined;
}

/** What was encoded of a payload for all that get it in this flush; nothing if there is only one. */
export function share(serialization: Serialization, payload: unknown): Snapshot | undefined {
  return sharing && typeof payload === "object" && payload !== null && serialization !== "clone"
    ? sharing.take(serialization, payload)
    : undefined;
}

function flushAll(): void {
  const flushing = outboxes;
  outboxes = [];
  sharing = flushing.length > 1 ? new Sharing(flushing) : undefined;
  for (const outbox of flushing) {
    try {
      outbox.flush();
    } catch (error) {
      // It is a fault of ours, and no reason to keep the others from writing.
      native.nextTick(() => {
        throw error;
      });
    }
  }
  sharing = undefined;
}

/** The larger payloads of one flush. Nothing is emitted while it lasts, so that none was read before its `emit`. */
class Sharing {
  readonly #outboxes: readonly SharingOutbox[];
  /** How many messages have a payload; counted when the first turns out to be large. */
  #uses: Map<unknown, number> | undefined;
  readonly #snapshots = new Map<object, Map<Serialization, Snapshot>>();

  constructor(outboxes: readonly SharingOutbox[]) {
    this.#outboxes = outboxes;
  }

  take(serialization: Serialization, payload: object): Snapshot {
    const known = this.#snapshots.size > 0 ? this.#snapshots.get(payload) : undefined;
    const snapshot = known?.get(serialization) ?? look(serialization, payload);
    if (known?.has(serialization) || snapshot.size < WORTH_SHARING) return snapshot;
    if (snapshot.form !== "inline" && snapshot.form !== "beside") {
      return this.#keep(serialization, payload, snapshot);
    }
    if (!known && this.#countUses(payload) < 2) return snapshot;
    return this.#keep(serialization, payload, hold(serialization, snapshot.value));
  }

  #keep(serialization: Serialization, payload: object, snapshot: Snapshot): Snapshot {
    const known = this.#snapshots.get(payload) ?? new Map<Serialization, Snapshot>();
    this.#snapshots.set(payload, known.set(serialization, snapshot));
    return snapshot;
  }

  #countUses(payload: object): number {
    this.#uses ??= this.#countAll();
    return this.#uses.get(payload) ?? 0;
  }

  #countAll(): Map<unknown, number> {
    const uses = new Map<unknown, number>();
    for (const { parcels } of this.#outboxes) {
      for (const parcel of parcels) {
        if (parcel.isFrame || parcel.snapshot || typeof parcel.payload !== "object") continue;
        uses.set(parcel.payload, (uses.get(parcel.payload) ?? 0) + 1);
      }
    }
    return uses;
  }
}
