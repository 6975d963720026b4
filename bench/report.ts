import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { judge, type Verdict } from "./bars.ts";
import type { Machine } from "./machine.ts";
import type { Effort, MeasuredCase } from "./result.ts";

/** All that a run has to say, as its JSON file has it. */
export interface Report {
  readonly date: string;
  readonly effort: Effort;
  readonly machine: Machine;
  readonly node: string;
  readonly packages: Readonly<Record<string, string>>;
  /** The commit, with a plus if there were changes on top of it. */
  readonly commit: string;
  readonly verdicts: readonly Verdict[];
  readonly cases: readonly MeasuredCase[];
}

/** Found by the package's own name: the compiled files lie deeper than the sources. */
const root = fileURLToPath(new URL(".", import.meta.resolve("clusterphone/package.json")));
const PACKAGES = [
  ...["clusterphone-1.0.1", "birpc", "comlink", "eventemitter3"],
  ...["@nats-io/transport-node", "moleculer"],
];

export function reportOf(effort: Effort, machine: Machine, cases: readonly MeasuredCase[]): Report {
  return {
    date: new Date().toISOString(),
    effort,
    machine,
    node: process.version,
    packages: {
      clusterphone: versionIn(root),
      ...Object.fromEntries(
        PACKAGES.map((name) => [name, versionIn(`${root}node_modules/${name}/`)]),
      ),
    },
    commit: commit(),
    verdicts: judge(cases),
    cases,
  };
}

function versionIn(folder: string): string {
  return (JSON.parse(readFileSync(`${folder}package.json`, "utf8")) as { version: string }).version;
}

function commit(): string {
  const git = (...words: string[]) =>
    execFileSync("git", words, {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  try {
    const changes = git("status", "--porcelain", "--untracked-files=no");
    return git("rev-parse", "--short=12", "HEAD").trim() + (changes === "" ? "" : "+");
  } catch {
    return "unknown";
  }
}
