import type { Connection } from "./side.ts";

/** What a worker says of a job: which one it is, and how many ms that really took. */
export type Work = readonly [worker: number, milliseconds: number];

/** Many jobs for several workers, so many of them given out at a time. */
export interface Jobs {
  readonly count: number;
  readonly milliseconds: number;
  readonly atOnce: number;
}

/** Has all jobs done; how many times as long it took as in the best order, if nothing but the jobs took any time. */
export async function spread(
  connections: readonly Connection[],
  { count, milliseconds, atOnce }: Jobs,
): Promise<number> {
  const done: Work[] = [];
  const start = performance.now();
  await new Promise<void>((resolve) => {
    let given = 0;
    const give = () => {
      if (given === count) return;
      const connection = connections[given++ % connections.length];
      connection?.request(milliseconds, (work) => {
        if (done.push(work as Work) === count) resolve();
        else give();
      });
    };
    for (let each = 0; each < atOnce; each++) give();
  });
  const makespan = performance.now() - start;
  const durations = connections.map((_, number) =>
    mean(done.filter(([worker]) => worker === number).map(([, took]) => took)),
  );
  return makespan / idealOf(count, durations);
}

export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

/** The least time for so many jobs, if workers take so long for one of them, and nothing else takes any time. */
export function idealOf(jobs: number, durations: readonly number[]): number {
  const ends = durations.map(() => 0);
  for (let job = 0; job < jobs; job++) {
    // Whoever would be the first to have done it.
    const would = ends.map((end, worker) => end + (durations[worker] ?? Infinity));
    const worker = would.indexOf(Math.min(...would));
    ends[worker] = would[worker] ?? Infinity;
  }
  return Math.max(...ends);
}
