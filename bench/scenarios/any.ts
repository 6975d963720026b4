import { inTurn, withPairs } from "../measure.ts";
import type { Scenario } from "../result.ts";
import type { Setup } from "../side.ts";

/** What it costs to let the bus choose a worker: against a loop that takes them in turn, the cheapest choice there is. */
export const any: Scenario = {
  name: "any",
  title: "Round trips to 4 idle workers, 256 in flight: processor time of the sender",
  async *run(effort) {
    const isFull = effort.name === "full";
    for (const serialization of isFull ? (["json", "advanced"] as const) : (["json"] as const)) {
      const setup = { carrier: "cluster", serialization, answers: "echo", workers: 4 } as const;
      const setups: Record<string, Setup> = {
        "to, in turn": { ...setup, side: "bus" },
        any: { ...setup, side: "bus any" },
        // With less room than there are messages, most of them wait in line.
        ...(isFull && { "any, 16 each": { ...setup, side: "bus any", concurrency: 16 } }),
      };
      yield* await withPairs(setups, effort, async function* (pairs) {
        yield {
          scenario: "any",
          name: `${serialization}, depth 256`,
          unit: "us of the sender per round trip",
          better: "less",
          baseline: "to, in turn",
          // Not by rate: with five processes the system decides on that, if it has fewer processors.
          outcomes: await inTurn(
            pairs,
            { kind: "in turn", depth: 256, payload: "100 B" },
            effort,
            (sample) => sample.processor,
          ),
        };
      });
    }
  },
};
