import fc from "fast-check";
import { eventful, type Plot, peaceful } from "./model/commands.ts";
import { World } from "./model/world.ts";

/** More for a longer look: `MODEL_RUNS=100000 npx mocha -g "any interleaving"`. */
const numRuns = Number(process.env["MODEL_RUNS"] ?? 1000);

/** Plays a plot to its end. Throws what no user may see. */
async function play({ begins, commands }: Plot, serialization: "json" | "clone"): Promise<void> {
  const world = new World(serialization);
  try {
    if (begins === "connected") await world.connect();
    for (const command of commands) await world.perform(command);
    const wrong = await world.finish();
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
  } finally {
    world.end();
  }
}

describe("any interleaving of what two buses do", () => {
  for (const serialization of ["json", "clone"] as const) {
    it(`keeps the promises while the channel holds (${serialization})`, async () => {
      const property = fc.asyncProperty(peaceful, (plot) => play(plot, serialization));
      await fc.assert(property, { numRuns });
    }).timeout(600_000);

    it(`keeps them when it breaks, and when either side closes (${serialization})`, async () => {
      const property = fc.asyncProperty(eventful, (plot) => play(plot, serialization));
      await fc.assert(property, { numRuns });
    }).timeout(600_000);
  }
});
