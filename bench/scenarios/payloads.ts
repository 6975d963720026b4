import { inTurn, sidesOf, withPairs } from "../measure.ts";
import type { PayloadKind } from "../payload.ts";
import type { Scenario } from "../result.ts";

/** Payloads, and how many of them may be in flight: together no more than the bus lets wait. */
const DEPTHS: readonly (readonly [PayloadKind, number])[] = [
  ["100 B", 64],
  ["1 KB", 64],
  ["10 KB", 64],
  ["100 KB", 16],
  ["1 MB", 4],
  ["1 MB string", 4],
  ["1 MB Buffer", 2],
];

/** What there is time for in a quick run. */
const QUICK: Readonly<Record<string, readonly PayloadKind[]>> = {
  json: ["10 KB", "1 MB", "1 MB string"],
  advanced: ["10 KB", "1 MB", "1 MB string", "1 MB Buffer"],
};

/** Requests of all sizes, answered with one word; and the same one way. */
export const payloads: Scenario = {
  name: "payloads",
  title: "Payloads of all sizes, answered with one word",
  async *run(effort) {
    const isFull = effort.name === "full";
    const slow = { ...effort, rounds: effort.slowRounds };
    for (const serialization of ["json", "advanced"] as const) {
      const quick = QUICK[serialization];
      const kinds = DEPTHS.filter(([payload]) => isFull || quick?.includes(payload));
      const setups = sidesOf(["process.send", "bus"], {
        carrier: "fork",
        serialization,
        answers: "short",
      });
      yield* await withPairs(setups, effort, async function* (pairs) {
        for (const [payload, depth] of kinds) {
          // As JSON four such Buffers, which is the least that goes one way, are more than may wait for a peer.
          const isTooLarge = serialization === "json" && payload === "1 MB Buffer";
          for (const kind of isFull && !isTooLarge
            ? (["round trips", "one way"] as const)
            : (["round trips"] as const)) {
            yield {
              scenario: "payloads",
              name: `${serialization}, ${payload}, ${kind}`,
              unit: kind === "one way" ? "messages/s" : "round trips/s",
              better: "more",
              baseline: "process.send",
              outcomes: await inTurn(pairs, { kind, depth, payload }, slow),
            };
          }
        }
      });
    }
  },
};
