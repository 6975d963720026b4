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
    const chain = (count: number, kind: "sync" | "async"): Setup => ({
      ...setup,
      middlewares: { count, kind },
    });
    const setups: Record<string, Setup> = {
      none: setup,
      ...(effort.name === "full" && { "1 sync": chain(1, "sync") }),
      "5 sync": chain(5, "sync"),
      ...(effort.name === "full" && { "1 async": chain(1, "async") }),
      "5 async": chain(5, "async"),
    };
    // It is about a difference of some percent.
    const thorough = { ...effort, rounds: effort.rounds * 2 };
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
          thorough,
        ),
      };
    });
  },
};
