import type { Load, Sample } from "./load.ts";
import { Pair } from "./pair.ts";
import type { Effort, Outcome } from "./result.ts";
import type { Framing, Setup, SideName } from "./side.ts";
import { spreadOf } from "./statistics.ts";
import { bestFramings, nameOf } from "./tune.ts";

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

/**
 * What warms a pair up that has just started: small messages, as code is not compiled before it has often run. What goes
 * to all is warmed up by itself; it is judged by processor time, and heaps that have grown cost more of it.
 */
const FIRST = { payload: "100 B", depth: 256 } as const;

const ALONE = { kind: "round trips", payload: "100 B", depth: 1 } as const;

async function warmUp(pair: Pair, load: Omit<Load, "milliseconds">, effort: Effort): Promise<void> {
  if (!pair.isWarm) {
    const first = load.kind === "to all" ? load : { ...load, ...FIRST };
    await pair.carry({ ...first, milliseconds: effort.coldMilliseconds });
    const milliseconds = effort.aloneMilliseconds;
    if (milliseconds) await pair.carry({ ...ALONE, milliseconds });
    pair.isWarm = true;
  }
  await pair.carry({ ...load, milliseconds: effort.warmUpMilliseconds });
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
  const rounds = isSerial ? effort.serialRounds : effort.rounds;
  const milliseconds = isSerial ? effort.milliseconds / 2 : effort.milliseconds;
  // What is sent to all takes too long for it.
  const leadIn = load.kind === "to all" ? 0 : effort.leadIn;
  const runners: Runner[] = [];
  for (const pair of pairs) {
    await warmUp(pair, load, effort);
    if (pair.setup.side === "bare loop") {
      const framings = await bestFramings(pair, load, effort);
      runners.push({ pair, tries: framings.map((framing) => ({ framing, samples: [] })) });
    } else {
      runners.push({ pair, tries: [{ samples: [] }] });
    }
  }
  for (let round = 0; round < rounds; round++) {
    // There and back; but not where it counts how long a pair has rested, as that has to be alike for all.
    const order = round % 2 === 0 || isSerial ? runners : [...runners].reverse();
    for (const { pair, tries } of order) {
      for (const { framing, samples } of tries) {
        if (framing) await pair.tune(framing);
        samples.push(await pair.carry({ ...load, milliseconds, leadIn }));
      }
    }
  }
  return runners.map((runner) => outcomeOf(runner, load, figure));
}

/** A pair in its turns, with all that it may try in each of them. */
interface Runner {
  readonly pair: Pair;
  readonly tries: readonly Try[];
}

interface Try {
  readonly framing?: Framing;
  readonly samples: Sample[];
}

/** Of what the pair tried, the best. */
function outcomeOf(
  { pair, tries }: Runner,
  load: Omit<Load, "milliseconds">,
  figure: Figure,
): Outcome {
  const medianOf = ({ samples }: Try) => spreadOf(samples.map(rate)).median;
  const [best = { samples: [] }] = [...tries].sort((a, b) => medianOf(b) - medianOf(a));
  const { framing, samples } = best as Try;
  const middle = [...samples].sort((a, b) => a.rate - b.rate)[Math.floor(samples.length / 2)];
  return {
    side: pair.label,
    rounds: samples.map(figure),
    ...(middle && load.kind === "round trips" ? { latency: middle.latency } : {}),
    ...(framing && { note: nameOf(framing) }),
  };
}
