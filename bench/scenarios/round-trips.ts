import { inTurn, sidesOf, withPairs } from "../measure.ts";
import type { Scenario } from "../result.ts";

/** Requests with a small object, answered with the same, so many in flight at a time. */
export const roundTrips: Scenario = {
  name: "roundtrip",
  title: "Round trips of a small object",
  async *run(effort) {
    const depths = effort.name === "tiny" ? [16] : [1, 16, 256, 1024];
    for (const serialization of ["json", "advanced"] as const) {
      const setup = { carrier: "fork", serialization, answers: "echo" } as const;
      const setups = sidesOf(["process.send", "bus", "bare loop"], setup);
      if (effort.name === "full") {
        setups["bare callbacks"] = { ...setup, side: "bare loop", promises: false };
      }
      yield* await withPairs(setups, effort, async function* (pairs) {
        for (const depth of depths) {
          yield {
            scenario: "roundtrip",
            name: `${serialization}, depth ${depth}`,
            unit: "round trips/s",
            better: "more",
            baseline: "process.send",
            outcomes: await inTurn(pairs, { kind: "round trips", depth, payload: "100 B" }, effort),
          };
        }
      });
    }
  },
};
