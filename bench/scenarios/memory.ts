import { Pair } from "../pair.ts";
import type { Effort, Outcome, Scenario } from "../result.ts";
import type { Setup, SideName } from "../side.ts";
import type { Weight } from "../weigh.ts";

const SIDES: readonly SideName[] = ["process.send", "bus"];
const MB = 1e6;

/** What an awaited answer takes, and what a peer takes that has nothing to say. */
export const memory: Scenario = {
  name: "memory",
  title: "Memory of the sender, heapUsed after a collection",
  async *run(effort) {
    const pending = effort.name === "tiny" ? 1000 : 100_000;
    yield {
      scenario: "memory",
      name: `${pending.toLocaleString("en-US")} pending acks`,
      unit: "MB",
      better: "less",
      baseline: "process.send",
      outcomes: await ofAll(effort, (side) => weighPending(side, pending)),
    };
    const peers = { full: 20, quick: 6, tiny: 1 }[effort.name];
    yield {
      scenario: "memory",
      name: "an idle peer",
      unit: "KB",
      better: "less",
      baseline: "process.send",
      outcomes: await ofAll(effort, (side) => weighPeers(side, peers)),
    };
  },
};

interface Weighed {
  readonly figure: number;
  readonly note?: string;
}

async function ofAll(
  effort: Effort,
  measure: (side: SideName) => Promise<Weighed>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const side of SIDES) {
    const weighed: Weighed[] = [];
    for (let time = 0; time < (effort.name === "full" ? 3 : 1); time++) {
      weighed.push(await measure(side));
    }
    const note = weighed[0]?.note;
    outcomes.push({
      side,
      rounds: weighed.map(({ figure }) => figure),
      ...(note === undefined ? {} : { note }),
    });
  }
  return outcomes;
}

async function weighPending(side: SideName, pending: number): Promise<Weighed> {
  return await withOne({ ...BASE, side, answers: "never" }, async (pair) => {
    const before = await weigh(pair, 0);
    const after = await weigh(pair, pending);
    return { figure: (after.heap - before.heap) / MB, note: `${after.timers} timers` };
  });
}

/** What each of some peers adds to those that were there before, so that their code is loaded. */
async function weighPeers(side: SideName, peers: number): Promise<Weighed> {
  return await withOne({ ...BASE, side, workers: 4 }, async (pair) => {
    const before = await weigh(pair, 0);
    await pair.obey({ order: "grow", workers: peers });
    const after = await weigh(pair, 0);
    return { figure: (after.heap - before.heap) / peers / 1000 };
  });
}

const BASE: Omit<Setup, "side"> = {
  carrier: "fork",
  serialization: "json",
  answers: "echo",
  flags: ["--expose-gc"],
};

async function weigh(pair: Pair, pending: number): Promise<Weight> {
  return (await pair.obey({ order: "weigh", pending })) as Weight;
}

async function withOne<Result>(
  setup: Setup,
  use: (pair: Pair) => Promise<Result>,
): Promise<Result> {
  const pair = await Pair.start(setup.side, setup);
  try {
    return await use(pair);
  } finally {
    await pair.stop();
  }
}
