import { inTurn, withPairs } from "../measure.ts";
import type { Scenario } from "../result.ts";
import type { Setup } from "../side.ts";

/** What it costs to gather the answers of all workers: against a loop that sends to each, and counts. */
export const all: Scenario = {
  name: "all",
  title:
    "A small event to all of 32 workers, and their answers, 16 at a time: processor time of the sender",
  async *run(effort) {
    const isFull = effort.name === "full";
    const workers = effort.name === "tiny" ? 2 : 32;
    for (const serialization of isFull ? (["json", "advanced"] as const) : (["json"] as const)) {
      const setup = { carrier: "cluster", serialization, answers: "short", workers } as const;
      const setups: Record<string, Setup> = {
        "to, a loop": { ...setup, side: "bus" },
        all: { ...setup, side: "bus all" },
      };
      yield* await withPairs(setups, effort, async function* (pairs) {
        yield {
          scenario: "all",
          name: `${serialization}, ${workers} workers`,
          unit: "us of the sender per event",
          better: "less",
          baseline: "to, a loop",
          outcomes: await inTurn(
            pairs,
            { kind: "to all", depth: 16, payload: "100 B" },
            // An event to so many takes some ms, and it is about a difference of some percent.
            { ...effort, milliseconds: effort.milliseconds * 2 },
            (sample) => sample.processor,
          ),
        };
      });
    }
  },
};
