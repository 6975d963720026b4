import type { Load, Sample } from "./load.ts";
import { Pair } from "./pair.ts";
import type { Effort, Outcome } from "./result.ts";
import type { Framing, Setup, SideName } from "./side.ts";

/** Starts pairs, each process on a processor of its own if wanted and possible, hands them over, and ends them whatever happens. */
export async function withPairs<Result>(
  setups: Readonly<Record<string, Setup>>,
  { pinned }: Effort,
  use: (pairs: Pair[]) => AsyncGenerator<Result>,
): Promise<AsyncGenerator<Result>> {
  const pairs = await Promise.all(
    Object.entries(setups).map(([label, setup]) => {
      const isPair = setup.workers === undefined && setup.carrier !== "thread";
      return Pair.start(label, { ...setup, pinned: pinned && isPair });
    }),
  );
  return (async function* () {
    try {
      yield* use(pairs);
    } finally {
      await Promise.all(pairs.map((pair) => pair.stop()));
    }
  })();
}

/** The same setup for several sides, by their names. */
export function sidesOf(
  sides: readonly SideName[],
  setup: Omit<Setup, "side">,
): Record<string, Setup> {
  return Object.fromEntries(sides.map((side) => [side, { ...setup, side }]));
}

/** What is read off a sample. */
type Figure = (sample: Sample) => number;
const rate: Figure = (sample) => sample.rate;

/** A pair that has just started is warmed up so many times as long. */
const COLD = 4;
/** And with so much in flight, as its code is not compiled before it has run some ten thousand times. */
const COLD_DEPTH = 256;

async function warmUp(pair: Pair, load: Omit<Load, "milliseconds">, effort: Effort): Promise<void> {
  const milliseconds = effort.warmUpMilliseconds;
  if (!pair.isWarm) {
    const depth = load.payload === "100 B" ? COLD_DEPTH : load.depth;
    await pair.carry({ ...load, depth, milliseconds: milliseconds * COLD });
    pair.isWarm = true;
  }
  await pair.carry({ ...load, milliseconds });
}

/**
 * Puts the same load on all pairs, one at a time, in rounds: there and back, so that what slowly changes
 * in the machine is nobody's gain. A warm-up comes first.
 */
export async function inTurn(
  pairs: readonly Pair[],
  load: Omit<Load, "milliseconds">,
  effort: Effort,
  figure: Figure = rate,
): Promise<Outcome[]> {
  // With one message at a time it is decisive whether the system has both processes on one processor. That
  // changes all the time, and while a pair rests: so there are more rounds, and always in the same order.
  const isSerial = load.kind === "round trips" && load.depth === 1;
  const rounds = isSerial ? effort.rounds * 3 : effort.rounds;
  const milliseconds = isSerial ? effort.milliseconds / 2 : effort.milliseconds;
  // What is sent to all takes too long for it.
  const leadIn = load.kind === "to all" ? 0 : effort.leadIn;
  const notes = new Map<Pair, string>();
  const samples = new Map(pairs.map((pair) => [pair, [] as Sample[]]));
  for (const pair of pairs) {
    await warmUp(pair, load, effort);
    if (pair.setup.side === "bare loop") notes.set(pair, await tune(pair, load, effort));
  }
  for (let round = 0; round < rounds; round++) {
    // There and back; but not where it counts how long a pair has rested, as that has to be alike for all.
    const order = round % 2 === 0 || isSerial ? pairs : [...pairs].reverse();
    for (const pair of order) {
      samples.get(pair)?.push(await pair.carry({ ...load, milliseconds, leadIn }));
    }
  }
  return pairs.map((pair) => {
    const ofPair = samples.get(pair) ?? [];
    const middle = [...ofPair].sort((a, b) => a.rate - b.rate)[Math.floor(ofPair.length / 2)];
    const note = notes.get(pair);
    return {
      side: pair.label,
      rounds: ofPair.map(figure),
      ...(middle && load.kind === "round trips" ? { latency: middle.latency } : {}),
      ...(note === undefined ? {} : { note }),
    };
  });
}

/** Frames that the bare loop tries, if that many messages are in flight. */
const SIZES = [1, 2, 4, 8, 16, 64, 128, 256];

/** Lets the bare loop find the framing with which it is fastest under this load, and leaves it at that. */
async function tune(pair: Pair, load: Omit<Load, "milliseconds">, effort: Effort): Promise<string> {
  const forms =
    pair.setup.serialization === "advanced" || pair.setup.carrier === "thread"
      ? (["text", "objects"] as const)
      : (["objects"] as const);
  const milliseconds = effort.warmUpMilliseconds / 2;
  let best: { framing: Framing; rate: number } | undefined;
  const attempt = async (framing: Framing) => {
    await pair.tune(framing);
    const { rate: reached } = await pair.carry({ ...load, milliseconds });
    if (!best || reached > best.rate) best = { framing, rate: reached };
  };
  for (const form of forms) {
    for (const most of SIZES.filter((size) => size <= load.depth && size * 16 >= load.depth)) {
      await attempt({ most, form });
    }
  }
  if (!best) return "";
  await pair.tune(best.framing);
  const { most, form } = best.framing;
  return `frames of ${most}${form === "text" ? ", as text" : ""}`;
}
