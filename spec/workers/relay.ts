// One of a row of processes: it asks the next what it is asked; the last one answers only when its signal aborts.
import { type ChildProcess, fork } from "node:child_process";
import { bus } from "../../lib/index.ts";
import { entryOf } from "../support/processes.ts";

const behind = Number(process.argv[2]);
const next: ChildProcess | undefined =
  behind > 0 ? fork(entryOf("relay"), [String(behind - 1)]) : undefined;
let aborted: Promise<string> | undefined;

bus.on("row", async () => 1 + (next ? ((await bus.to(next).emit("row").ackd()) as number) : 0));
bus.on("ask", (_, { signal }) => {
  if (next) return bus.to(next).emit("ask").ackd();
  aborted = new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve((signal.reason as { code: string }).code));
  });
  return new Promise(() => {});
});
/** Resolves at the last of the row to why the signal of `ask` aborted. */
bus.on("aborted", () => (next ? bus.to(next).emit("aborted").ackd() : aborted));
