import type { Parcel } from "../wire/parcel.ts";
import type { Serialization } from "../wire/serialization.ts";
import { type Snapshot, takeSnapshot } from "../wire/snapshot.ts";

/** What several peers are to get in this tick is encoded once, if it takes at least so many bytes. */
const WORTH_IT = 2 ** 14;

interface Shared {
  isForSeveral: boolean;
  readonly snapshots: Map<Serialization, Snapshot>;
}

/** The larger payloads of this tick. Several peers share them, so they belong to no outbox, but to this module. */
let payloads = new Map<object, Shared>();

/** Takes note of a payload that will be encoded at the end of this tick. */
export function noteUse(payload: unknown, size: number): void {
  if (size < WORTH_IT || typeof payload !== "object" || payload === null) return;
  if (payloads.size === 0) setImmediate(forget);
  const shared = payloads.get(payload);
  if (shared) shared.isForSeveral = true;
  else payloads.set(payload, { isForSeveral: false, snapshots: new Map() });
}

/** Gives those of the parcels whose payload others take too what was encoded for all. */
export function shareEncoding(
  serialization: Serialization,
  parcels: readonly Parcel[],
  start: number,
  end: number,
): void {
  if (payloads.size === 0 || serialization === "clone") return;
  for (const parcel of parcels.slice(start, end)) {
    if (parcel.isFrame) continue;
    const shared = payloads.get(parcel.payload as object);
    if (shared?.isForSeveral) parcel.snapshot ??= snapshotOf(shared, serialization, parcel.payload);
  }
}

function snapshotOf(
  shared: Shared,
  serialization: Serialization,
  payload: unknown,
): Snapshot | undefined {
  let snapshot = shared.snapshots.get(serialization);
  if (!snapshot) {
    try {
      snapshot = takeSnapshot(serialization, payload);
    } catch {
      // Each of the messages will find that out for itself.
      return undefined;
    }
    shared.snapshots.set(serialization, snapshot);
  }
  return snapshot;
}

function forget(): void {
  payloads = new Map();
}
