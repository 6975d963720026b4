import { inTurn, sidesOf, withPairs } from "../measure.ts";
import type { Scenario } from "../result.ts";

/** The same with other packages. All of them in cluster workers, as clusterphone 1 knows nothing else. */
export const rivals: Scenario = {
  name: "rivals",
  title: "Round trips from a cluster's primary to a worker",
  async *run(effort) {
    const isFull = effort.name === "full";
    for (const serialization of isFull ? (["json", "advanced"] as const) : (["json"] as const)) {
      const setups = sidesOf(["process.send", "bus", "clusterphone 1", "birpc"], {
        carrier: "cluster",
        serialization,
        answers: "echo",
      });
      yield* await withPairs(setups, effort, async function* (pairs) {
        for (const depth of isFull ? [1, 16, 256, 1024] : [256]) {
          yield {
            scenario: "rivals",
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
