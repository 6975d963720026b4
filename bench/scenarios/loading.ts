import { fileURLToPath } from "node:url";
import { lifeOf } from "../life.ts";
import type { Outcome, Scenario } from "../result.ts";

const IMPORTS = ["clusterphone", "unbundled", "clusterphone-1", "birpc"];

/** How much longer a process takes that imports a package than one that imports nothing. */
export const loading: Scenario = {
  name: "loading",
  title: "Loading: a whole process with one import, over one without",
  async *run(effort) {
    const rounds = { full: 25, quick: 7, tiny: 1 }[effort.name];
    const figures = new Map(IMPORTS.map((name) => [name, [] as number[]]));
    // The first of each reads the files from the disk.
    for (const name of ["nothing", ...IMPORTS]) await lifeOf(fileOf(name));
    for (let round = 0; round < rounds; round++) {
      const nothing = await lifeOf(fileOf("nothing"));
      const order = round % 2 === 0 ? IMPORTS : [...IMPORTS].reverse();
      for (const name of order) figures.get(name)?.push((await lifeOf(fileOf(name))) - nothing);
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

function fileOf(name: string): string {
  return fileURLToPath(new URL(`../imports/${name}${import.meta.url.slice(-3)}`, import.meta.url));
}
