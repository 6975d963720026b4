// Chaos: a primary and a changing set of workers, children and threads, and an oracle that looks at what all of them saw.
// npm run soak -- [--minutes N] [--seed S] [--round R]
import { parseArgs } from "node:util";
import type { Fact } from "../oracle/facts.ts";
import { describe } from "../oracle/report.ts";
import { judge, RULES } from "../oracle/rules.ts";
import { guardStopped, killAll } from "./crew.ts";
import { Engine } from "./engine.ts";
import { heapUsed, holdings, leaksSince } from "./leaks.ts";
import { LIMITS } from "./limits.ts";
import { Outcomes } from "./outcomes.ts";
import { endingsOf, planOf } from "./plan.ts";
import { type Performance, Primary } from "./primary.ts";
import { Tally } from "./tally.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string" }, seed: { type: "string" }, round: { type: "string" } },
});
const minutes = Number(values.minutes ?? 1);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const firstRound = Number(values.round ?? 1);
if (!(minutes > 0) || !Number.isSafeInteger(seed) || !Number.isSafeInteger(firstRound)) {
  throw new TypeError("--minutes takes a number, --seed and --round take whole ones");
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(1));
}
process.on("exit", killAll);
guardStopped();

const tally = new Tally();
const outcomes = new Outcomes();

async function soak(): Promise<void> {
  console.log(`seed ${seed}, ${minutes} min`);
  const primary = new Primary(await Engine.start());
  check(await primary.warmUp(), "replay: any seed, it is in the warm-up");
  const before = holdings(primary);
  let heapBefore: number | undefined;
  const end = performance.now() + minutes * 60_000;
  for (let round = firstRound; performance.now() < end; round++) {
    const replay = `replay: npm run soak -- --seed ${seed} --round ${round}`;
    const told = await play(primary, round, replay);
    for (const leak of await leaksSince(before, primary)) tally.count(leak && `${leak}\n${replay}`);
    const heap = heapUsed();
    heapBefore ??= heap;
    const growth = heap - heapBefore;
    tally.count(growth < LIMITS.heap ? "" : `VIOLATION: the heap has grown by ${growth} bytes`);
    console.log(
      `round ${round}: ${told}, heap ${(heap / 2 ** 20).toFixed(1)} MB, ${primary.lostHandles} handles lost by Node`,
    );
  }
}

/** Plays one round, and tells in short what went on. Keeps nothing of it. */
async function play(primary: Primary, round: number, replay: string): Promise<string> {
  const script = { steps: planOf(seed, round), endings: endingsOf(seed, round) };
  const performance = await primary.perform(script);
  check(performance, replay);
  const { seen, relayed } = performance;
  outcomes.add(seen);
  const count = (kind: Fact["is"]) => seen.filter(({ is }) => is === kind).length;
  return `${count("born")} participants, ${count("sent")} messages, ${count("handled")} handled, ${relayed} relayed`;
}

/** Asks the oracle, each rule a check. */
function check({ seen, hanging }: Performance, replay: string): void {
  const violations = judge(seen, LIMITS);
  for (const rule of RULES) {
    const broken = violations.filter((violation) => violation.rule === rule);
    tally.count(broken.length === 0 ? "" : `${describe(broken, seen)}\n${replay}`);
  }
  const late = hanging.join(", ");
  tally.count(late && `VIOLATION: it has not settled: ${late}\n${replay}`);
}

try {
  await soak();
} catch (error) {
  tally.count(`the soak itself failed: ${String(error instanceof Error ? error.stack : error)}`);
}
console.log(`seen: ${outcomes}`);
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exit(tally.failed === 0 ? 0 : 1);
