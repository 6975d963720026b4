// npm run bench -- [--quick] [--only SCENARIO]...
import { parseArgs } from "node:util";
import type { Case, Effort } from "./result.ts";
import { roundTrips } from "./scenarios/round-trips.ts";
import { linesOf } from "./table.ts";

const EFFORTS: Record<Effort["name"], Effort> = {
  full: { name: "full", rounds: 7, milliseconds: 400, warmUpMilliseconds: 400 },
  quick: { name: "quick", rounds: 5, milliseconds: 120, warmUpMilliseconds: 120 },
  tiny: { name: "tiny", rounds: 2, milliseconds: 5, warmUpMilliseconds: 5 },
};

const SCENARIOS = [roundTrips];

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    tiny: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
  },
});
const effort = EFFORTS[values.tiny ? "tiny" : values.quick ? "quick" : "full"];
const cases: Case[] = [];
for (const scenario of SCENARIOS) {
  if (values.only && !values.only.includes(scenario.name)) continue;
  process.stdout.write(`\n${scenario.title}\n`);
  for await (const each of scenario.run(effort)) {
    cases.push(each);
    process.stdout.write(`${linesOf(each).join("\n")}\n`);
  }
}
