import { ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import cluster from "node:cluster";
import { fileURLToPath } from "node:url";
import { Worker as Thread } from "node:worker_threads";
import type { Channel, Setup } from "./side.ts";

const entry = fileURLToPath(
  new URL(`answerer${import.meta.url.slice(-3)}`, new URL(".", import.meta.url)),
);

/** What one that has no channel to its parent writes once it answers. */
export const SERVES = "serves\n";

/** Starts the other end of a pair. */
export function startWorker(setup: Setup): Channel {
  const channel = start(setup);
  if (setup.pinned && !(channel instanceof Thread)) {
    const { pid } = channel instanceof ChildProcess ? channel : channel.process;
    execFileSync("taskset", ["--all-tasks", "--cpu-list", "--pid", "1", String(pid)], {
      stdio: "ignore",
    });
  }
  return channel;
}

function start(setup: Setup): Channel {
  const text = JSON.stringify(setup);
  const { serialization } = setup;
  const execArgv = [...(setup.workerFlags ?? [])];
  switch (setup.carrier) {
    case "fork":
      return fork(entry, [text], { serialization, execArgv });
    case "cluster":
      cluster.setupPrimary({ exec: entry, args: [text], serialization, execArgv });
      return cluster.fork();
    case "nats":
      return spawn(process.execPath, [...execArgv, entry, text], {
        stdio: ["pipe", "pipe", "inherit"],
      });
    case "thread":
      return new Thread(entry, { argv: [text] });
  }
}
