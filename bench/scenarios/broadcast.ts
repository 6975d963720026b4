import { inTurn, sidesOf, withPairs } from "../measure.ts";
import type { Scenario } from "../result.ts";

/** What it costs the sender to tell eight workers the same megabyte, against a loop of sends. */
export const broadcast: Scenario = {
  name: "broadcast",
  title: "An event of 1 MB to 8 workers: processor time of the sender",
  async *run(effort) {
    for (const serialization of ["json", "advanced"] as const) {
      const setups = sidesOf(["process.send", "bus"], {
        carrier: "cluster",
        serialization,
        answers: "short",
        workers: 8,
      });
      yield* await withPairs(setups, effort, async function* (pairs) {
        // One event to all takes up to a tenth of a second, and more than a few should be in each figure.
        const slow = {
          ...effort,
          rounds: effort.slowRounds,
          milliseconds: effort.milliseconds * 2,
        };
        yield {
          scenario: "broadcast",
          name: serialization,
          unit: "us of the sender per event",
          better: "less",
          baseline: "process.send",
          outcomes: await inTurn(
            pairs,
            { kind: "to all", depth: 1, payload: "1 MB" },
            slow,
            (sample) => sample.processor,
          ),
        };
      });
    }
  },
};
