import fc from "fast-check";
import { eventful, type Plot, peaceful } from "./commands.ts";
import { World } from "./world.ts";

/** More for a longer look: `MODEL_RUNS=100000 npx mocha -g "any interleaving"`. */
const numRuns = Number(process.env["MODEL_RUNS"] ?? 1000);

/** Plays a plot to its end. Throws what no user may see. */
async function play({ begins, commands }: Plot, serialization: "json" | "clone"): Promise<void> {
  const world = new World(serialization);
  try {
    if (begins === "connected") await world.connect();
    for (const command of commands) await world.perform(command);
    const wrong = await world.finish();
    if (wrong) throw new Error(wrong);
  } finally {
    world.end();
  }
}

/** The clock of the process's own bus must not beat while timers are faked; it stands two beats after its last entry. */
const quiet = () => new Promise<void>((resolve) => setTimeout(resolve, 60));

const small = { side: 0, namespace: 0, event: "echo", obstacle: "none", payload: "small" } as const;

/** Plots that broke a promise once. */
const mended: Record<string, Plot["commands"]> = {
  "a note that was written when close gave up may have been handled": [
    { do: "emit", ...small, side: 1, wants: "nothing" },
    { do: "close", side: 1, namespace: undefined },
    { do: "time", ms: 12_000 },
  ],
  // The soak with seed 2124091082, after 22 minutes.
  "who asks for an ack, between a failing write and the end of the channel, hears of the end": [
    { do: "stop", side: 0 },
    { do: "emit", ...small, wants: "nothing" },
    { do: "turn" },
    { do: "emit", ...small, wants: "nothing" },
    { do: "resume", side: 0 },
    { do: "write", side: 0 },
    { do: "turn" },
    { do: "fail", side: 0 },
    { do: "emit", ...small, wants: "ack" },
    { do: "cut", arrives: false, tells: true },
  ],
  "what waits on a broken channel, an answer too, takes no room any more when the end is told": [
    { do: "emit", ...small, wants: "nothing" },
    { do: "fail", side: 0 },
    { do: "emit", ...small, side: 1, obstacle: "drop in", wants: "ack soon" },
    { do: "flow" },
  ],
  "a bus that gave up keeps nothing of what the channel was given, though nobody tells what became of it":
    [
      { do: "close", side: 0, namespace: undefined },
      { do: "time", ms: 12_000 },
      { do: "cut", arrives: false, tells: false },
    ],
};

describe("a plot that broke a promise once", () => {
  before(quiet);

  for (const [what, commands] of Object.entries(mended)) {
    for (const serialization of ["json", "clone"] as const) {
      it(`${what} (${serialization})`, () =>
        play({ begins: "connected", commands }, serialization));
    }
  }
});

describe("any interleaving of what two buses do", () => {
  before(quiet);

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
