// npm run bench:against -- FOLDER [--rounds N] [--ms N]
// Measures the bus of this build against that of another build of the project, in FOLDER, sides in turn in one run:
// what a change has cost. FOLDER is a checkout in which `npm ci && npm run build` was run.
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { Load } from "./load.ts";
import { Pair } from "./pair.ts";
import type { Setup } from "./side.ts";
import { ratios, spreadOf } from "./statistics.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string" }, ms: { type: "string" } },
});
const [folder] = positionals;
if (!folder) throw new Error("name the folder of the build to compare with");
const rounds = Number(values.rounds ?? 9);
const milliseconds = Number(values.ms ?? 700);

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

/**
 * Of each round what this build did, over what the other did just before or after; and the processor time that the measured
 * process took for it, which says more where other things run on the machine.
 */
async function compare(setup: Setup, loads: Record<string, Load>): Promise<void> {
  const pairs = [await Pair.start("this", setup), await other.Pair.start("other", setup)];
  for (const pair of pairs) await pair.carry({ kind: "round trips", depth: 256, ...SMALL });
  for (const [title, load] of Object.entries(loads)) {
    const rates: [number[], number[]] = [[], []];
    const costs: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      // There and back, so that what slowly changes in the machine is nobody's gain.
      for (const side of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const sample = await pairs[side]?.carry({ ...load, leadIn: milliseconds / 10 });
        if (!sample) continue;
        rates[side]?.push(sample.rate);
        costs[side]?.push(sample.processor);
      }
    }
    const { median, lowerQuartile, upperQuartile } = spreadOf(ratios(...rates));
    const cost = spreadOf(ratios(...costs)).median.toFixed(3);
    const spread = `(${lowerQuartile.toFixed(3)} to ${upperQuartile.toFixed(3)})`;
    const [ours, theirs] = rates.map((each) => Math.round(spreadOf(each).median));
    console.log(
      `${title.padEnd(22)} ${median.toFixed(3)} ${spread}  processor ${cost}  ${ours} / ${theirs}`,
    );
  }
  for (const pair of pairs) await pair.stop();
}

console.log(
  "this build over the other: median (quartiles) of the rounds, processor time, and rates a second",
);
for (const [name, setup] of Object.entries(channels)) {
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
