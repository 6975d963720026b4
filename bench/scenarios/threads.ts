import { inTurn, sidesOf, withPairs } from "../measure.ts";
import type { Scenario } from "../result.ts";

/** Round trips to a worker thread; the baseline is the hand-written map of what is pending, on `postMessage`. */
export const threads: Scenario = {
  name: "threads",
  title: "Round trips of a small object to a worker thread",
  isExtra: true,
  async *run(effort) {
    const { "process.send": postMessage, ...others } = sidesOf(
      ["process.send", "bus", "bare loop", "comlink"],
      { carrier: "thread", serialization: "advanced", answers: "echo" },
    );
    const setups = { ...(postMessage && { postMessage }), ...others };
    yield* await withPairs(setups, effort, async function* (pairs) {
      for (const depth of effort.name === "full" ? [1, 16, 256, 1024] : [256]) {
        yield {
          scenario: "threads",
          name: `threads, depth ${depth}`,
          unit: "round trips/s",
          better: "more",
          baseline: "postMessage",
          outcomes: await inTurn(pairs, { kind: "round trips", depth, payload: "100 B" }, effort),
        };
      }
    });
  },
};
