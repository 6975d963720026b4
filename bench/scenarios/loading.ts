import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Outcome, Scenario } from "../result.ts";

const IMPORTS = ["clusterphone", "clusterphone-1", "birpc"];

/** How much longer a process takes that imports a package than one that imports nothing. */
export const loading: Scenario = {
  name: "loading",
  title: "Loading: a whole process with one import, over one without",
  async *run(effort) {
    const rounds = { full: 25, quick: 7, tiny: 1 }[effort.name];
    const figures = new Map(IMPORTS.map((name) => [name, [] as number[]]));
    // The first of each reads the files from the disk.
    for (const name of ["nothing", ...IMPORTS]) await lifeOf(name);
    for (let round = 0; round < rounds; round++) {
      const nothing = await lifeOf("nothing");
      const order = round % 2 === 0 ? IMPORTS : [...IMPORTS].reverse();
      for (const name of order) figures.get(name)?.push((await lifeOf(name)) - nothing);
    }
    yield {
      scenario: "loading",
      name: "import",
      unit: "ms over an empty module",
      better: "less",
      baseline: "",
      outcomes: [...figures].map(([side, of]): Outcome => ({ side, rounds: of })),
    };
  },
};

/** Milliseconds from start to exit. */
async function lifeOf(name: string): Promise<number> {
  const extension = import.meta.url.slice(-3);
  const file = fileURLToPath(new URL(`../imports/${name}${extension}`, import.meta.url));
  const start = performance.now();
  const [code] = await once(spawn(process.execPath, [file], { stdio: "ignore" }), "exit");
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return performance.now() - start;
}
