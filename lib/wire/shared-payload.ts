import type { Serialization } from "./serialization.ts";
import { decide, hold, keep, look, type Snapshot } from "./snapshot.ts";

/** From so many bytes on it is encoded once for all; less is made anew for every frame as fast as it is put into it. */
export const WORTH_SHARING: number = 2 ** 14;

/** What came of reading a payload. */
type Outcome = { readonly snapshot: Snapshot } | { readonly refusal: unknown };

/** A payload that several peers get: it is read once for each serialization, and encoded once where that is worth it. */
export class SharedPayload {
  readonly #payload: unknown;
  readonly #looks = new Map<Serialization, Outcome>();
  readonly #holds = new Map<Serialization, Outcome>();
  readonly #decisions = new Map<Serialization, Outcome>();

  constructor(payload: unknown) {
    this.#payload = payload;
  }

  /** Whether it is that payload: a layer may have put another in its place. */
  is(payload: unknown): boolean {
    return payload === this.#payload;
  }

  /** As `look`. */
  look(serialization: Serialization): Snapshot {
    if (this.#holds.has(serialization)) return this.hold(serialization);
    return once(this.#looks, serialization, () => {
      const snapshot = look(serialization, this.#payload);
      return snapshot.size < WORTH_SHARING ? snapshot : keep(serialization, snapshot);
    });
  }

  /** As `hold`. */
  hold(serialization: Serialization): Snapshot {
    return once(this.#holds, serialization, () => {
      const looked = this.#looks.has(serialization) ? this.look(serialization) : undefined;
      return looked ? keep(serialization, looked) : hold(serialization, this.#payload);
    });
  }

  /** As `decide`, of what was held while it was not known what the channel is. */
  decide(serialization: Serialization, undecided: Snapshot): Snapshot {
    if (serialization === "unknown") return undecided;
    return once(this.#decisions, serialization, () => decide(serialization, undecided));
  }
}

/** What carries a payload. */
interface Carrier {
  readonly payload: unknown;
  readonly shared: SharedPayload | undefined;
}

/** Reads a payload for a frame that is written now, as `look`. */
export function lookAt(carrier: Carrier, serialization: Serialization): Snapshot {
  return sharedBy(carrier)?.look(serialization) ?? look(serialization, carrier.payload);
}

/** Makes a payload fit to wait, as `hold`, or as `keep` if it was read before. */
export function holdOf(
  carrier: Carrier,
  serialization: Serialization,
  snapshot?: Snapshot,
): Snapshot {
  if (snapshot && snapshot.form !== "inline" && snapshot.form !== "beside") return snapshot;
  const shared = sharedBy(carrier);
  if (shared) return shared.hold(serialization);
  return snapshot ? keep(serialization, snapshot) : hold(serialization, carrier.payload);
}

/** What was held while it was not known what the channel is, as `decide`. */
export function decideOf(
  carrier: Carrier,
  serialization: Serialization,
  undecided: Snapshot,
): Snapshot {
  return sharedBy(carrier)?.decide(serialization, undecided) ?? decide(serialization, undecided);
}

function sharedBy({ shared, payload }: Carrier): SharedPayload | undefined {
  return shared?.is(payload) ? shared : undefined;
}

function once(
  outcomes: Map<Serialization, Outcome>,
  serialization: Serialization,
  read: () => Snapshot,
): Snapshot {
  let outcome = outcomes.get(serialization);
  if (!outcome) {
    outcome = attempt(read);
    outcomes.set(serialization, outcome);
  }
  if ("refusal" in outcome) throw outcome.refusal;
  return outcome.snapshot;
}

function attempt(read: () => Snapshot): Outcome {
  try {
    return { snapshot: read() };
  } catch (refusal) {
    return { refusal };
  }
}
