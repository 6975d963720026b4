// npm run bench:load -- [--rounds N] [FOLDER]
// How long `import "clusterphone"` takes, against a package that is built in another folder; without one,
// against the modules of this one as they were before they were bundled.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { lifeOf } from "./life.ts";
import { type Spread, spreadOf } from "./statistics.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "61" } },
});
const [other] = positionals;
const root = fileURLToPath(new URL(".", import.meta.resolve("clusterphone/package.json")));

/** What each process imports; the first imports nothing. */
const sides = {
  nothing: undefined,
  before: other === undefined ? join(root, "dist/lib/index.js") : entryIn(resolve(other)),
  now: entryIn(root),
};
type Side = keyof typeof sides;
const names = Object.keys(sides) as Side[];

const folder = mkdtempSync(join(tmpdir(), "clusterphone-import-"));
const fileOf = (side: Side) => join(folder, `${side}.mjs`);
const rounds: Record<Side, number[]> = { nothing: [], before: [], now: [] };
try {
  for (const side of names) {
    const entry = sides[side];
    writeFileSync(fileOf(side), entry === undefined ? "" : `import "${pathToFileURL(entry)}";\n`);
    // The first of each reads the files from the disk.
    await lifeOf(fileOf(side));
  }
  for (let round = 0; round < Number(values.rounds); round++) {
    // In turn, from either end: what one leaves behind is not always before the same.
    for (const side of round % 2 === 0 ? names : names.toReversed()) {
      rounds[side].push(await lifeOf(fileOf(side)));
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}

const nothing = spreadOf(rounds.nothing).median;
const over = (side: Side) => spreadOf(rounds[side].map((each) => each - nothing));
const before = over("before");
const now = over("now");
process.stdout.write(`nothing  ${nothing.toFixed(1)} ms, the whole process
before   ${told(before)}
now      ${told(now)}
now takes ${(now.median / before.median).toFixed(2)} of before\n`);

function told({ median, lowerQuartile, upperQuartile }: Spread): string {
  const [low, high] = [lowerQuartile.toFixed(1), upperQuartile.toFixed(1)];
  return `${median.toFixed(1)} ms more (${low} to ${high})`;
}

/** The file that the package in a folder is loaded by. */
function entryIn(packageFolder: string): string {
  const { exports } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as {
    exports: { ".": { default: string | { default: string } } };
  };
  const { default: entry } = exports["."];
  // A package for `import` and `require` has one for each.
  return join(packageFolder, typeof entry === "string" ? entry : entry.default);
}
