import { inTurn, withPairs } from "../measure.ts";
import type { Scenario } from "../result.ts";
import type { Setup } from "../side.ts";

/** What the user's own middlewares cost, on both sides. */
export const middlewares: Scenario = {
  name: "middlewares",
  title: "Round trips through the user's middlewares, json, depth 256",
  async *run(effort) {
    const setup: Setup = {
      side: "bus",
      carrier: "fork",
      serialization: "json",
      answers: "echo",
    };
    const setups: Record<string, Setup> = {
      none: setup,
      "1 sync": { ...setup, middlewares: { count: 1, kind: "sync" } },
      "5 sync": { ...setup, middlewares: { count: 5, kind: "sync" } },
      "1 async": { ...setup, middlewares: { count: 1, kind: "async" } },
      "5 async": { ...setup, middlewares: { count: 5, kind: "async" } },
    };
    yield* await withPairs(setups, effort, async function* (pairs) {
      yield {
        scenario: "middlewares",
        name: "json, depth 256",
        unit: "round trips/s",
        better: "more",
        baseline: "none",
        outcomes: await inTurn(
          pairs,
          { kind: "round trips", depth: 256, payload: "100 B" },
          effort,
        ),
      };
    });
  },
};
