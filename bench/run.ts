// npm run bench -- [--quick] [--only SCENARIO]... [--pin] [--out FOLDER | --publish]
// docs/performance.md tells how it measures.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markdownOf } from "./markdown.ts";
import { readOptions } from "./options.ts";
import { loadNow, reportOf } from "./report.ts";
import type { Case } from "./result.ts";
import { linesOf, linesOfVerdicts } from "./table.ts";

const { effort, chosen, results, charts } = readOptions();
const print = (...lines: string[]) => process.stdout.write(`${lines.join("\n")}\n`);

const load = loadNow();
if (load > 0.5) {
  print(`Something else keeps this machine busy (load ${load.toFixed(1)}): figures will differ.`);
}
const cases: Case[] = [];
const start = performance.now();
for (const { name, title, run } of chosen) {
  const seconds = (performance.now() - start) / 1000;
  print("", `${title}  [${name}, after ${seconds.toFixed(0)} s]`);
  for await (const each of run(effort)) {
    cases.push(each);
    print(...linesOf(each));
  }
}

const report = reportOf(effort, cases, load);
const { machine, node, commit, verdicts } = report;
print(
  "",
  "To be reached, and reached: the median of the rounds, and their least and most",
  ...linesOfVerdicts(verdicts),
  "",
  `Node ${node}, ${machine.processor}, ${machine.cores} cores, ${machine.kernel}, commit ${commit}`,
);

const major = process.versions.node.split(".")[0];
const write = (folder: string, name: string, text: string) => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), text);
  print(join(folder, name));
};
write(results, `node-${major}.json`, `${JSON.stringify(report, undefined, 1)}\n`);
write(results, `node-${major}.md`, markdownOf(report));
if (effort.name !== "tiny") {
  // Not before it is needed: loading Vega takes a while.
  const { chartsOf } = await import("./charts.ts");
  for (const [name, svg] of await chartsOf(report)) write(charts, `${name}-${major}.svg`, svg);
}
