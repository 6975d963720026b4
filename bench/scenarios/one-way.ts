import { inTurn, sidesOf, withPairs } from "../measure.ts";
import type { Scenario } from "../result.ts";

/** Messages that nobody answers, but for one in 256, which tells that those before it have arrived. */
export const oneWay: Scenario = {
  name: "oneway",
  title: "One-way messages, a small object each, 1,024 under way",
  async *run(effort) {
    const isFull = effort.name === "full";
    const sides = ["process.send", "bus", "bare loop", ...(isFull ? (["birpc"] as const) : [])];
    for (const serialization of ["json", "advanced"] as const) {
      const setups = sidesOf(sides as Parameters<typeof sidesOf>[0], {
        carrier: "fork",
        serialization,
        answers: "short",
      });
      yield* await withPairs(setups, effort, async function* (pairs) {
        yield {
          scenario: "oneway",
          name: serialization,
          unit: "messages/s",
          better: "more",
          baseline: "process.send",
          outcomes: await inTurn(pairs, { kind: "one way", depth: 1024, payload: "100 B" }, effort),
        };
      });
    }
  },
};
