import { inTurn, withPairs } from "../measure.ts";
import type { Scenario } from "../result.ts";
import type { SideName } from "../side.ts";

const SIDES: readonly SideName[] = ["process.send", "bus", "bare loop"];
const DEPTHS = [1, 16, 256, 1024];

/** Requests with a small object, answered with the same, so many in flight at a time. */
export const roundTrips: Scenario = {
  name: "roundtrip",
  title: "Round trips of a small object",
  async *run(effort) {
    for (const serialization of ["json", "advanced"] as const) {
      const setups = Object.fromEntries(
        SIDES.map((side) => [
          side,
          { side, carrier: "fork", serialization, answers: "echo" } as const,
        ]),
      );
      yield* await withPairs(setups, async function* (pairs) {
        for (const depth of DEPTHS) {
          yield {
            scenario: "roundtrip",
            name: `${serialization}, depth ${depth}`,
            unit: "round trips/s",
            baseline: "process.send",
            outcomes: await inTurn(pairs, { kind: "round trips", depth, payload: "100 B" }, effort),
          };
        }
      });
    }
  },
};
