import type { ChildProcess } from "node:child_process";
import type { Cluster, Worker as ClusterWorker } from "node:cluster";
import type { Worker as Thread } from "node:worker_threads";
import type { Connection, Connector } from "./connector.ts";
import { PortLink } from "./port.ts";
import { ProcessLink } from "./process.ts";
import { ThreadLink } from "./thread.ts";

/** Looked up when they are needed: loading the package loads none of them. */
const nodeModule = process.getBuiltinModule;

let ports = 0;
/** Threads that had ended before they were addressed, and children that never began: nothing else tells one from another. */
let nameless = 0;

/** Cluster workers, children, threads, ports, and each one's way up. */
export const nodeConnector: Connector = {
  targets: "a cluster worker, a ChildProcess with an IPC channel, a worker thread, a MessagePort",

  reach(target) {
    const { Worker: Thread, MessagePort, parentPort } = nodeModule("node:worker_threads");
    const { ChildProcess } = nodeModule("node:child_process");
    const { Worker: ClusterWorker } = nodeModule("node:cluster");
    // One that was made by hand has no process.
    if (target instanceof ClusterWorker) return target.process && toWorker(target);
    if (target instanceof ChildProcess) return toProcess(target);
    if (target instanceof Thread) return toThread(target);
    if (target === parentPort) return nodeConnector.parent?.();
    if (target instanceof MessagePort) {
      const link = () => new PortLink(target, `port:${++ports}`);
      return { channel: target, target, pid: process.pid, link };
    }
    return undefined;
  },

  parent() {
    const { isMainThread, parentPort, threadId } = nodeModule("node:worker_threads");
    if (!isMainThread) {
      const channel = parentPort;
      if (!channel) return undefined;
      const link = () => new ThreadLink(channel, threadId, "parent", "parent");
      return { channel, pid: process.pid, link };
    }
    if (typeof process.send !== "function") return undefined;
    // In a cluster worker Node listens itself, in primary and worker, and drops what nobody else hears.
    const { isWorker } = nodeModule("node:cluster") as unknown as Cluster;
    const link = () => new ProcessLink(process, "parent", "parent", isWorker);
    // Read now: once the parent is gone it is the id of somebody else.
    return { channel: process, pid: process.ppid, link };
  },

  watch(tell) {
    const cluster = nodeModule("node:cluster") as unknown as Cluster;
    if (!cluster.isPrimary || !nodeModule("node:worker_threads").isMainThread) return undefined;
    let last = 0;
    const onFork = (worker: ClusterWorker) => {
      last = Math.max(last, worker.id);
      tell(toWorker(worker));
    };
    const look = () => {
      for (const id in cluster.workers) {
        const worker = cluster.workers[id];
        if (worker && worker.id > last) onFork(worker);
      }
    };
    cluster.on("fork", onFork);
    look();
    return { look, stop: () => void cluster.off("fork", onFork) };
  },
};

function toWorker(worker: ClusterWorker): Connection {
  const channel = worker.process;
  if ((channel as unknown) === process) {
    throw new TypeError('a worker talks to the primary with to("parent"), not to itself');
  }
  // It asks by itself.
  const link = () => new ProcessLink(channel, "worker", `worker:${worker.id}`, false);
  return { channel, target: worker, pid: channel.pid, link };
}

/** A cluster worker has a process, too; whichever of them it was given, it is the same peer. */
function toProcess(target: ChildProcess): Connection {
  const { workers } = nodeModule("node:cluster") as unknown as Cluster;
  for (const id in workers) {
    const worker = workers[id];
    if (worker?.process === target) return toWorker(worker);
  }
  return toChild(target);
}

function toChild(target: ChildProcess): Connection {
  // Without a channel it was started by spawn or exec; one that has lost its channel still has `send`.
  if (typeof (target as Partial<ChildProcess>).send !== "function") {
    throw new TypeError(
      "the target of to() has no IPC channel: start it with fork(), or with stdio 'ipc'",
    );
  }
  const { pid } = target;
  const link = () => {
    const id = pid ?? `unstarted-${++nameless}`;
    // Where somebody in the child listens before its bus, what comes early is his.
    return new ProcessLink(target, "child", `child:${id}`, true);
  };
  return { channel: target, target, pid, link };
}

function toThread(target: Thread): Connection {
  const link = () => {
    const { threadId } = target;
    const id = threadId === -1 ? `ended-${++nameless}` : threadId;
    return new ThreadLink(target, threadId, "thread", `thread:${id}`);
  };
  return { channel: target, target, pid: process.pid, link };
}
