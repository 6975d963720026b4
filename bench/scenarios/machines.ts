import { hasServer, NatsServer } from "../../spec/support/nats.ts";
import { inTurn, withPairs } from "../measure.ts";
import type { Case, Effort, Scenario } from "../result.ts";
import type { Answers, Setup, SideName } from "../side.ts";
import type { Jobs } from "../spread.ts";

/** A frame takes so long here that a second has too few of them for what is done in each to be compiled. */
const WARM_UP = 4;

/** What stands between the two ends of all pairs. */
type Between = (side: SideName, answers: Answers, more?: Partial<Setup>) => Setup;

/** Where there is nothing but a server of NATS between the processes. */
export const machines: Scenario = {
  name: "machines",
  title: "Over NATS, against its client by hand, and moleculer",
  isExtra: true,
  async *run(chosen) {
    if (!hasServer()) return;
    const effort = { ...chosen, aloneMilliseconds: chosen.coldMilliseconds * WARM_UP };
    const server = await new NatsServer().start();
    let pairs = 0;
    const between: Between = (side, answers, more) => ({
      ...{ side, answers, carrier: "nats", serialization: "json" },
      nats: { server: server.url, prefix: `bench-${++pairs}` },
      ...more,
    });
    try {
      yield* await roundTrips(effort, between);
      yield* await oneWay(effort, between);
      yield* await any(effort, between);
    } finally {
      await server.remove();
    }
  },
};

function roundTrips(effort: Effort, between: Between): Promise<AsyncGenerator<Case>> {
  const setups = {
    "by hand": between("nats loop", "echo"),
    "nc.request": between("nats request", "echo"),
    bus: between("bus over nats", "echo"),
    "bus, advanced": between("bus over nats", "echo", { serialization: "advanced" }),
    "no session": between("bus without session", "echo"),
    moleculer: between("moleculer", "echo"),
  };
  return withPairs(setups, effort, async function* (pairs) {
    const same = {
      scenario: "machines",
      unit: "round trips/s",
      better: "more",
      baseline: "by hand",
    } as const;
    for (const depth of effort.name === "tiny" ? [16] : [1, 16, 256]) {
      const load = { kind: "round trips", depth, payload: "100 B" } as const;
      const name = `round trips, depth ${depth}`;
      yield { ...same, name, outcomes: await inTurn(pairs, load, effort) };
    }
    const load = { kind: "round trips", depth: 16, payload: "100 KB" } as const;
    yield { ...same, name: "100 KB, depth 16", outcomes: await inTurn(pairs, load, effort) };
  });
}

function oneWay(effort: Effort, between: Between): Promise<AsyncGenerator<Case>> {
  const setups = {
    "nc.publish": between("nats request", "short"),
    bus: between("bus over nats", "short"),
    "bus, advanced": between("bus over nats", "short", { serialization: "advanced" }),
  };
  return withPairs(setups, effort, async function* (pairs) {
    yield {
      scenario: "machines",
      name: "one way",
      unit: "messages/s",
      better: "more",
      baseline: "nc.publish",
      outcomes: await inTurn(pairs, { kind: "one way", depth: 1024, payload: "100 B" }, effort),
    };
  });
}

/** Who gets the work, if one of four takes ten times as long. */
function any(effort: Effort, between: Between): Promise<AsyncGenerator<Case>> {
  const four = { workers: 4, slownesses: [1, 1, 1, 10] };
  const setups = {
    any: between("bus over nats, any", "work", four),
    "any, 2 each": between("bus over nats, any", "work", { ...four, concurrency: 2 }),
  };
  const isTiny = effort.name === "tiny";
  const jobs: Jobs = { count: isTiny ? 20 : 400, milliseconds: isTiny ? 0.1 : 10, atOnce: 16 };
  return withPairs(setups, effort, async function* (pairs) {
    const rounds = new Map(pairs.map((pair) => [pair, [] as number[]]));
    for (let round = 0; round < effort.rounds; round++) {
      for (const [pair, factors] of rounds) {
        factors.push((await pair.obey({ order: "spread", jobs })) as number);
      }
    }
    yield {
      scenario: "machines",
      name: `any of 4, ${jobs.count} jobs, ${jobs.atOnce} at once`,
      unit: "times as long as in the best order",
      better: "less",
      baseline: "",
      outcomes: [...rounds].map(([{ label }, of]) => ({ side: label, rounds: of })),
    };
  });
}
