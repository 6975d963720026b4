import type { Load } from "./load.ts";
import type { Pair } from "./pair.ts";
import type { Effort } from "./result.ts";
import type { Framing } from "./side.ts";

/** Frames that the bare loop tries, if that many messages are in flight. */
const SIZES = [1, 2, 4, 8, 16, 64, 128, 256];

/** Each is tried so often, and its best counts: whatever else happens in the machine only makes it worse. */
const ATTEMPTS = 2;

/** The framings with which the bare loop is fastest under this load, as many as the effort allows to keep. */
export async function bestFramings(
  pair: Pair,
  load: Omit<Load, "milliseconds">,
  effort: Effort,
): Promise<Framing[]> {
  const { serialization, carrier } = pair.setup;
  const milliseconds = effort.warmUpMilliseconds / 2;
  const rates = new Map<Framing, number>();
  const attempt = async (framings: readonly Framing[]) => {
    for (let time = 0; time < ATTEMPTS; time++) {
      for (const framing of framings) {
        await pair.tune(framing);
        const { rate } = await pair.carry({ ...load, milliseconds });
        rates.set(framing, Math.max(rate, rates.get(framing) ?? 0));
      }
    }
    return [...rates].sort(([, a], [, b]) => b - a).map(([framing]) => framing);
  };

  // A channel that carries text anyway has nothing to gain from a text in the text.
  const form = serialization === "json" && carrier !== "thread" ? "objects" : "text";
  const sizes = SIZES.filter((size) => size <= load.depth && size * 16 >= load.depth);
  let best = await attempt(sizes.map((most) => ({ most, form })));
  const [first] = best;
  if (form === "text" && first) best = await attempt([{ most: first.most, form: "objects" }]);
  return best.slice(0, effort.framingsKept);
}

export function nameOf({ most, form }: Framing): string {
  return `frames of ${most}${form === "text" ? ", as text" : ""}`;
}
