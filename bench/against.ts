// npm run bench:against -- FOLDER [--pairs N] [--rounds N] [--ms N] [--only NAME]
// Measures the bus of this build against that of another build of the project, in FOLDER, sides in turn in one run:
// what a change has cost. FOLDER is a checkout in which `npm ci && npm run build` was run.
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { Load, Sample } from "./load.ts";
import { Pair } from "./pair.ts";
import type { Setup } from "./side.ts";
import { spreadOf } from "./statistics.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: "string" },
    rounds: { type: "string" },
    ms: { type: "string" },
    only: { type: "string" },
  },
});
const [folder] = positionals;
if (!folder) throw new Error("name the folder of the build to compare with");
const runs = Number(values.pairs ?? 5);
const rounds = Number(values.rounds ?? 5);
const milliseconds = Number(values.ms ?? 300);
/** Of each pair, in ms, before anything counts: with many in flight, and then with one. */
const WARM_UP = 1500;

const other = (await import(
  pathToFileURL(join(resolve(folder), "dist/bench/pair.js")).href
)) as typeof import("./pair.ts");

const BUS = { side: "bus", answers: "echo" } as const;
const SMALL = { payload: "100 B", milliseconds } as const;
const channels = {
  json: { ...BUS, carrier: "fork", serialization: "json" },
  advanced: { ...BUS, carrier: "fork", serialization: "advanced" },
  threads: { ...BUS, carrier: "thread", serialization: "advanced" },
} satisfies Record<string, Setup>;
const DEPTHS = [1, 16, 256, 1024];
if (values.only !== undefined && !Object.hasOwn(channels, values.only)) {
  throw new Error(`there is no ${values.only}, only ${Object.keys(channels).join(", ")}`);
}

/** What one round showed: this build's figure over the other's, and the two rates. */
interface Round {
  readonly ratio: number;
  readonly cost: number;
  readonly rates: readonly [number, number];
}

/**
 * Compares the builds by pairs that were started for it, several times: which code is compiled how, and where the system
 * puts the two processes, stays as it began, so one pair a side says little, however long it runs.
 */
async function compare(setup: Setup, loads: Record<string, Load>): Promise<void> {
  const seen = new Map<string, Round[][]>();
  for (let run = 0; run < runs; run++) {
    const start = [() => Pair.start("this", setup), () => other.Pair.start("other", setup)];
    const pairs: Pair[] = [];
    for (const side of order(run)) pairs[side] = (await start[side]?.()) as Pair;
    for (const depth of [256, 1]) {
      for (const pair of pairs)
        await pair.carry({ kind: "round trips", depth, ...SMALL, milliseconds: WARM_UP });
    }
    for (const [title, load] of Object.entries(loads)) {
      seen.set(title, [...(seen.get(title) ?? []), await compareUnder(load, pairs)]);
    }
    for (const pair of pairs) await pair.stop();
  }
  for (const [title, ofPairs] of seen) tell(title, ofPairs);
}

async function compareUnder(load: Load, pairs: readonly Pair[]): Promise<Round[]> {
  const seen: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const samples: Sample[] = [];
    for (const side of order(round)) {
      const pair = pairs[side] as Pair;
      samples[side] = await pair.carry({ ...load, leadIn: milliseconds / 5 });
    }
    const [ours, theirs] = samples as [Sample, Sample];
    const rates = [ours.rate, theirs.rate] as const;
    seen.push({ ratio: ours.rate / theirs.rate, cost: ours.processor / theirs.processor, rates });
  }
  return seen;
}

/** There and back, so that what slowly changes in the machine is nobody's gain. */
function order(turn: number): readonly number[] {
  return turn % 2 === 0 ? [0, 1] : [1, 0];
}

/** Of each pair the round in the middle, and of these the pair in the middle, the lowest and the highest. */
function tell(title: string, ofPairs: readonly Round[][]): void {
  const middles = ofPairs.map((seen) => spreadOf(seen.map(({ ratio }) => ratio)).median);
  const all = ofPairs.flat();
  const cost = spreadOf(all.map((round) => round.cost)).median.toFixed(3);
  const spread = `(${Math.min(...middles).toFixed(3)} to ${Math.max(...middles).toFixed(3)})`;
  const [ours, theirs] = [0, 1].map((side) =>
    Math.round(spreadOf(all.map(({ rates }) => rates[side] ?? 0)).median),
  );
  console.log(
    `${title.padEnd(22)} ${spreadOf(middles).median.toFixed(3)} ${spread}  processor ${cost}  ${ours} / ${theirs}`,
  );
}

console.log(
  `this build over the other: median (lowest to highest) of ${runs} pairs, processor time, and rates a second`,
);
for (const [name, setup] of Object.entries(channels)) {
  if (values.only !== undefined && values.only !== name) continue;
  const trips = DEPTHS.map((depth): [string, Load] => [
    `${name}, depth ${depth}`,
    { kind: "round trips", depth, ...SMALL },
  ]);
  await compare(setup, Object.fromEntries(trips));
  await compare(
    { ...setup, answers: "short" },
    { [`${name}, one way`]: { kind: "one way", depth: 1024, ...SMALL } },
  );
}
