import type { ChildProcess } from "node:child_process";
import { bus } from "clusterphone";
import { idealOf, mean } from "../../bench/spread.ts";
import { median, withCrew } from "./crew.ts";

/** One worker takes ten times as long as the three others. */
const SLOWNESSES = [1, 1, 1, 10];
/** Times of the ideal. */
const MOST = 1.15;

interface Work {
  readonly jobs: number;
  readonly milliseconds: number;
  readonly concurrency: number;
  readonly rounds: number;
}

const WARM: Work = { jobs: 2000, milliseconds: 0.01, concurrency: 4, rounds: 1 };
const WARM_ROUNDS = 40;

/** Who has done a job, and how many ms that really took. */
type Done = readonly [pid: number, milliseconds: number];

/**
 * Many jobs in one tick to any of four workers: how much longer they take than they would in the best order, if nothing
 * but the jobs took any time. Beside it, in turn, a loop of `process.send` that gives each worker as many at a time.
 */
export async function spread(work: Work): Promise<string> {
  return await withCrew(async (crew) => {
    const children = await crew.startAndWait(SLOWNESSES);
    const sides = [
      { run: byAny, factors: [] as number[] },
      { run: byChannel, factors: [] as number[] },
    ];
    // Code that has not run yet is slow on either side: these rounds are not about that.
    for (let round = 0; round < WARM_ROUNDS; round++) {
      for (const { run } of sides) await run(WARM, children);
    }
    for (let round = 0; round < work.rounds; round++) {
      for (const { run, factors } of sides) {
        const start = performance.now();
        const done = await run(work, children);
        const makespan = performance.now() - start;
        const durations = children.map((child) =>
          mean(done.filter(([pid]) => pid === child.pid).map(([, took]) => took)),
        );
        factors.push(makespan / idealOf(work.jobs, durations));
      }
    }
    const [ours = Infinity, bare = Infinity] = sides.map(({ factors }) => median(factors));
    const said = `${ours.toFixed(3)} of the ideal makespan; a loop of process.send ${bare.toFixed(3)}`;
    if (ours > MOST) throw new Error(said);
    return said;
  });
}

async function byAny({ jobs, milliseconds, concurrency }: Work): Promise<Done[]> {
  const any = bus.any("children", { concurrency });
  const receipts = Array.from({ length: jobs }, () => any.emit("work", milliseconds).ackd());
  return (await Promise.all(receipts)) as Done[];
}

async function byChannel(
  { jobs, milliseconds, concurrency }: Work,
  children: readonly ChildProcess[],
): Promise<Done[]> {
  const done: Done[] = [];
  let given = 0;
  const listening = new Map<ChildProcess, (message: unknown) => void>();
  const give = (child: ChildProcess) => given++ < jobs && child.send({ work: milliseconds });
  await new Promise<void>((resolve) => {
    for (const child of children) {
      const next = (message: unknown) => {
        const { worked } = message as { worked?: Done };
        if (!worked) return;
        give(child);
        if (done.push(worked) === jobs) resolve();
      };
      listening.set(child, next);
      child.on("message", next);
      for (let each = 0; each < concurrency; each++) give(child);
    }
  });
  for (const [child, next] of listening) child.off("message", next);
  return done;
}
