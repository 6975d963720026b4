import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Effort, Scenario } from "./result.ts";
import { scenarios } from "./scenarios/index.ts";

const EFFORTS: Readonly<Record<Effort["name"], Omit<Effort, "pinned">>> = {
  full: {
    name: "full",
    rounds: 7,
    slowRounds: 7,
    serialRounds: 15,
    framingsKept: 2,
    milliseconds: 250,
    warmUpMilliseconds: 200,
    coldMilliseconds: 1000,
    leadIn: 50,
  },
  quick: {
    name: "quick",
    rounds: 5,
    slowRounds: 3,
    serialRounds: 9,
    framingsKept: 1,
    milliseconds: 70,
    warmUpMilliseconds: 60,
    coldMilliseconds: 600,
    leadIn: 15,
  },
  // For the spec, which looks at the form of the figures, not at the figures.
  tiny: {
    name: "tiny",
    rounds: 2,
    slowRounds: 1,
    serialRounds: 2,
    framingsKept: 2,
    milliseconds: 5,
    warmUpMilliseconds: 5,
    coldMilliseconds: 5,
    leadIn: 1,
  },
};

export interface Options {
  readonly effort: Effort;
  readonly chosen: readonly Scenario[];
  /** Where the JSON file and the charts go. */
  readonly results: string;
  readonly charts: string;
}

/** Reads the command line; throws a `TypeError` for what makes no sense. */
export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      tiny: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      out: { type: "string" },
      pin: { type: "boolean", default: false },
      publish: { type: "boolean", default: false },
    },
  });
  const name = values.tiny ? "tiny" : values.quick ? "quick" : "full";
  const effort: Effort = { ...EFFORTS[name], pinned: values.pin };
  const names = scenarios.map(({ name }) => name);
  for (const name of values.only) {
    if (names.includes(name)) continue;
    throw new TypeError(`there is no scenario ${name}, only ${names.join(", ")}`);
  }
  if (values.publish && (effort.name !== "full" || values.only.length > 0)) {
    throw new TypeError("only a full run is fit for being published");
  }
  const out = values.out ?? fileURLToPath(new URL("results", import.meta.url));
  const root = new URL(".", import.meta.resolve("clusterphone/package.json"));
  const published = (folder: string) => fileURLToPath(new URL(folder, root));
  return {
    effort,
    chosen: scenarios.filter((scenario) =>
      values.only.length === 0
        ? effort.name === "full" || !scenario.isExtra
        : values.only.includes(scenario.name),
    ),
    results: values.publish ? published("bench/results") : out,
    charts: values.publish ? published("docs/charts") : out,
  };
}
