import type { Copies } from "../support/phones.ts";
import { endAll, start } from "../support/processes.ts";
import { Relay } from "../support/relay.ts";
import { type Case, cases } from "./cases.ts";

/** Primary and worker. The last two are the ancestor by itself: what the cases say of version 1 is true. */
const PAIRINGS: [primary: Copies, worker: Copies, serialization?: "advanced"][] = [
  ["classic", "classic"],
  ["classic", "1.0.1"],
  ["classic", "0.1.0-4"],
  ["1.0.1", "classic"],
  ["0.1.0-4", "classic"],
  ["classic", "1.0.1", "advanced"],
  ["1.0.1", "classic", "advanced"],
  ["1.0.1", "1.0.1"],
  ["0.1.0-4", "0.1.0-4"],
];

function fits({ needs }: Case, primary: Copies, worker: Copies): boolean {
  const wants = { primary: needs !== "classic worker", worker: needs !== "classic primary" };
  if (!needs) return true;
  if (wants.primary && !primary.includes("classic")) return false;
  return !wants.worker || worker.includes("classic");
}

interface Told {
  readonly title: string;
  readonly failure?: string;
}

describe("the API of version 1", () => {
  const primaries = new Relay();

  after(endAll);

  for (const [primary, worker, serialization = "json"] of PAIRINGS) {
    describe(`from a primary with ${primary} to a worker with ${worker}, ${serialization}`, () => {
      const titles = cases.filter((each) => fits(each, primary, worker)).map((each) => each.title);
      const told = new Map<string, Promise<Told>>();

      const begin = primaries.add(() => {
        const child = start("classic-primary", [primary, worker, serialization, ...titles], {
          silent: true,
        });
        let output = "";
        for (const stream of [child.stdout, child.stderr]) {
          stream?.on("data", (text) => (output += String(text)));
        }
        const tells = new Map<string, (told: Told) => void>();
        for (const title of titles) {
          told.set(title, new Promise((resolve) => tells.set(title, resolve)));
        }
        child.on("message", (message: Told) => tells.get(message.title)?.(message));
        child.on("exit", (code, signal) => {
          for (const [title, tell] of tells) {
            tell({ title, failure: `the primary ended with ${code ?? signal}\n${output}` });
          }
        });
      });

      before(begin);

      for (const title of titles) {
        it(title, async () => {
          const failure = (await told.get(title))?.failure;
          if (failure) throw new Error(failure);
        });
      }
    });
  }
});
