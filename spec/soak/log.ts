import { existsSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Fact, Recorder } from "../oracle/facts.ts";

/** Writes facts to a file, a line each. What was written is there also after SIGKILL. */
export function logTo(path: string): Recorder {
  const descriptor = openSync(path, "a");
  return (fact) => {
    writeSync(descriptor, `${JSON.stringify(fact)}\n`);
  };
}

/** The facts in a file, up to the last whole line; none of a process that ended before it wrote any. */
export function readLog(path: string): Fact[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Fact);
}
