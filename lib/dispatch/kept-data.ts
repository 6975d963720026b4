import type { OutboundEvent } from "../message/outbound-event.ts";
import type { Route } from "../peer/route.ts";
import type { Serialization } from "../wire/serialization.ts";
import { holdOf } from "../wire/shared-payload.ts";
import { decide, hold, keep, restore, type Snapshot } from "../wire/snapshot.ts";

/** What was read of the data of a message, in a form that nobody can change; it is read now if that was not done. */
export function readOf(message: OutboundEvent, { serialization }: Route): Snapshot {
  const { snapshot } = message;
  return snapshot && snapshot.form !== "beside"
    ? snapshot
    : holdOf(message, serialization, snapshot);
}

/** Which channels may carry what was read for one: any, where it is plain, and so the same in JSON as in a clone. */
export function readerOf(
  serialization: Serialization,
  snapshot: Snapshot | undefined,
): Serialization {
  const isAlike = snapshot !== undefined && isPlain(snapshot);
  return isAlike && serialization !== "json" ? "unknown" : serialization;
}

function isPlain({ form, value }: Snapshot): boolean {
  if (form === "beside") return typeof value === "string";
  return form === "text" || form === "inline" || form === "nothing";
}

/** The data once more, for a peer. Its layers may change it, and the next peer that is tried gets what it was. */
export function restoredFor(route: Route, snapshot: Snapshot): unknown {
  const { serialization } = route;
  const decided = decide(serialization, snapshot);
  if (!route.isLayered) return restore(decided);
  const isClone = decided.form === "clone";
  return restore(isClone ? hold(serialization, decided.value) : keep(serialization, decided));
}
