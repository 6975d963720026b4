// npm run bench -- [--quick] [--only SCENARIO]... [--pin] [--out FOLDER | --publish]
// docs/performance.md tells how it measures.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyProcessors, machineNow } from "./machine.ts";
import { markdownOf } from "./markdown.ts";
import { readOptions } from "./options.ts";
import { reportOf } from "./report.ts";
import type { MeasuredCase } from "./result.ts";
import { linesOf, linesOfVerdicts } from "./table.ts";

const { effort, chosen, results, charts } = readOptions();
const print = (...lines: string[]) => process.stdout.write(`${lines.join("\n")}\n`);

const machine = machineNow();
const cases: MeasuredCase[] = [];
const start = performance.now();
let before = await busyProcessors();
for (const { name, title, run } of chosen) {
  const seconds = (performance.now() - start) / 1000;
  print("", `${title}  [${name}, after ${seconds.toFixed(0)} s]`);
  for await (const each of run(effort)) {
    const after = await busyProcessors();
    const measured = { ...each, disturbance: Math.max(before, after) };
    before = after;
    cases.push(measured);
    print(...linesOf(measured));
  }
}

const report = reportOf(effort, machine, cases);
const { node, commit, verdicts } = report;
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
