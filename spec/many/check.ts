// npm run check:many -- [--short] [WORD]
// What is said of all and any of many, shown with real processes: deaths, stops, late forks, memory, makespans, keys.
// Not part of the suite: it takes some minutes, some of it is about time, and it fetches whom the bus is compared with.
import { conclude } from "../support/checks.ts";
import { short, show } from "../support/shown.ts";
import { dieWhileGathered } from "./deaths.ts";
import { gatherUnderFire, withOneStopped } from "./gathers.ts";
import { runUnderFire } from "./jobs.ts";
import { moveKeys } from "./keys.ts";
import { spread } from "./makespan.ts";
import { weighForMany } from "./memory.ts";
import { compareDeaths } from "./neighbours.ts";

const workers = short ? 16 : 64;
await show(`${workers} workers, gathers while they are killed, stopped and replaced`, () =>
  gatherUnderFire(workers, short ? 100 : 1000),
);
await show(`${workers} workers, outcomes as they arrive while one is stopped`, () =>
  withOneStopped(workers, short ? 5 : 25),
);
await show("a worker dies during a gather of 10 s", () => dieWhileGathered(short ? 20 : 100));
await show("1 MB to 64 workers that are starting: memory", weighForMany);
const rounds = short ? 1 : 5;
await show("makespan of 400 jobs of 10 ms, one at a time", () =>
  spread({ jobs: 400, milliseconds: 10, concurrency: 1, rounds }),
);
await show("makespan of 2,000 jobs of 0.2 ms, two at a time", () =>
  spread({ jobs: 2000, milliseconds: 0.2, concurrency: 2, rounds }),
);
await show("jobs while workers are killed and replaced", () =>
  runUnderFire(short ? 10_000 : 100_000),
);
await show("10,000 keys over 8 workers, of which one dies", moveKeys);
if (!short) {
  await show("the same death with prom-client and @socket.io/cluster-adapter", compareDeaths);
}
conclude();
