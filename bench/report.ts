import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { judge, type Verdict } from "./bars.ts";
import type { Case, Effort } from "./result.ts";

/** All that a run has to say, as its JSON file has it. */
export interface Report {
  readonly date: string;
  readonly effort: Effort;
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly kernel: string;
    /** The load average of a minute before the run: what else kept the machine busy. */
    readonly load: number;
  };
  readonly node: string;
  readonly packages: Readonly<Record<string, string>>;
  /** The commit, with a plus if there were changes on top of it. */
  readonly commit: string;
  readonly verdicts: readonly Verdict[];
  readonly cases: readonly Case[];
}

/** Found by the package's own name: the compiled files lie deeper than the sources. */
const root = fileURLToPath(new URL(".", import.meta.resolve("clusterphone/package.json")));
const PACKAGES = ["clusterphone-1.0.1", "birpc", "comlink", "eventemitter3"];

/** What else keeps the machine busy, if it is asked before the run. */
export function loadNow(): number {
  return loadavg()[0] ?? 0;
}

export function reportOf(effort: Effort, cases: readonly Case[], load: number): Report {
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    effort,
    machine: {
      processor: processors[0]?.model.trim() ?? "unknown",
      cores: processors.length,
      memoryBytes: totalmem(),
      kernel: `${process.platform} ${release()}`,
      load,
    },
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
