// Listens, and says nothing by itself: as a leaf, or as a program that has somebody of its own.
import { fork } from "node:child_process";
import cluster from "node:cluster";
import { parentPort, Worker } from "node:worker_threads";
import { bus } from "../../lib/index.ts";
import { entryOf } from "../support/processes.ts";

const [how, others] = process.argv.slice(2);
const own = ["leaf"];

bus.on("peers", () => bus.peers.map(({ id }) => id));
bus.on("let go", () => {
  bus.off("peers");
  bus.off("let go");
});

if (how === "listens") {
  const answer = (says: unknown) => ({ peers: bus.peers.length, says });
  if (parentPort)
    parentPort.on("message", (says) => hasOurKey(says) || parentPort?.postMessage(answer(says)));
  else process.on("message", (says) => hasOurKey(says) || process.send?.(answer(says)));
} else if (how === "has") {
  if (others === "child") {
    const child = fork(entryOf("silent"), own, { execArgv: [] });
    await bus.to(child).emit("peers").ackd();
    child.kill();
  } else if (others === "thread") {
    const thread = new Worker(entryOf("silent"), { argv: own });
    await bus.to(thread).emit("peers").ackd();
    await thread.terminate();
  } else {
    cluster.setupPrimary({ exec: entryOf("silent"), args: own, execArgv: [] });
    const worker = cluster.fork();
    await bus.to(worker).emit("peers").ackd();
    worker.kill();
  }
  process.stdout.write(`${others} answered\n`);
}

function hasOurKey(message: unknown): boolean {
  return Object.hasOwn(Object(message) as object, "clusterphone2");
}
