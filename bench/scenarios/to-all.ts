import { inTurn, sidesOf, withPairs } from "../measure.ts";
import type { Scenario } from "../result.ts";

/** One event to all workers, and again when all have answered; 16 such rounds at a time. */
export const toAll: Scenario = {
  name: "toall",
  title: "A small event from one primary to all of its workers, 16 at a time",
  isExtra: true,
  async *run(effort) {
    const isFull = effort.name === "full";
    for (const serialization of isFull ? (["json", "advanced"] as const) : (["json"] as const)) {
      for (const workers of isFull ? [2, 8, 32] : [8]) {
        const setups = sidesOf(["process.send", "bus"], {
          carrier: "cluster",
          serialization,
          answers: "short",
          workers,
        });
        yield* await withPairs(setups, effort, async function* (pairs) {
          yield {
            scenario: "toall",
            name: `${serialization}, ${workers} workers`,
            unit: "events to all/s",
            better: "more",
            baseline: "process.send",
            outcomes: await inTurn(pairs, { kind: "to all", depth: 16, payload: "100 B" }, effort),
          };
        });
      }
    }
  },
};
