// npm run bench -- [--quick] [--only SCENARIO]... [--out FOLDER]
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadNow, reportOf } from "./report.ts";
import type { Case, Effort } from "./result.ts";
import { scenarios } from "./scenarios/index.ts";
import { linesOf, linesOfVerdicts } from "./table.ts";

const EFFORTS: Readonly<Record<Effort["name"], Effort>> = {
  full: { name: "full", rounds: 7, milliseconds: 300, warmUpMilliseconds: 300 },
  quick: { name: "quick", rounds: 5, milliseconds: 80, warmUpMilliseconds: 60 },
  tiny: { name: "tiny", rounds: 2, milliseconds: 5, warmUpMilliseconds: 5 },
};

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    tiny: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    out: { type: "string", default: fileURLToPath(new URL("results", import.meta.url)) },
  },
});
const names = scenarios.map(({ name }) => name);
for (const name of options.only ?? []) {
  if (!names.includes(name))
    throw new TypeError(`there is no scenario ${name}, only ${names.join(", ")}`);
}

const effort = EFFORTS[options.tiny ? "tiny" : options.quick ? "quick" : "full"];
const print = (...lines: string[]) => process.stdout.write(`${lines.join("\n")}\n`);
const cases: Case[] = [];
const load = loadNow();
if (load > 0.5) {
  print(`Something else keeps this machine busy (load ${load.toFixed(1)}): figures will differ.`);
}
const start = performance.now();
for (const scenario of scenarios) {
  if (options.only && !options.only.includes(scenario.name)) continue;
  const seconds = (performance.now() - start) / 1000;
  print("", `${scenario.title}  [--only ${scenario.name}, after ${seconds.toFixed(0)} s]`);
  for await (const each of scenario.run(effort)) {
    cases.push(each);
    print(...linesOf(each));
  }
}

const report = reportOf(effort, cases, load);
mkdirSync(options.out, { recursive: true });
const file = join(options.out, `node-${process.versions.node.split(".")[0]}.json`);
writeFileSync(file, `${JSON.stringify(report, undefined, 1)}\n`);
const { machine } = report;
print(
  "",
  "To be reached, and reached: the median of the rounds, and their least and most",
  ...linesOfVerdicts(
    report.verdicts.filter(({ reached }) => reached !== undefined || !options.only),
  ),
  "",
  `Node ${report.node}, ${machine.processor}, ${machine.cores} cores, ${machine.kernel}, commit ${report.commit}`,
  file,
);
