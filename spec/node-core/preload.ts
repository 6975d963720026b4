// What every process and thread of Node's own tests loads first: the bus takes part, and its frames are hidden from the
// tests, which count messages. What they then see of the bus is what it does to a channel and to a process's life.
import { type ChildProcess, ChildProcess as ChildProcesses } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { isMainThread, type Worker } from "node:worker_threads";
import { bus, isFrame } from "clusterphone";

type Listener = (...parameters: unknown[]) => void;
type Channel = ChildProcess | NodeJS.Process;

/** `early`, before the test has a listener, or `late`, when it has them. */
const isLate = process.env["CLUSTERPHONE_JOINS"] === "late";
const soon = (task: () => void) => {
  if (!isLate) process.nextTick(task);
  else setImmediate(() => setImmediate(task).unref()).unref();
};

/** Only the bus prepends its 'message' listeners. */
const ours = new WeakSet<Listener>();
for (const channel of [process, ChildProcesses.prototype] as Channel[]) {
  const { prependListener, emit } = channel as { prependListener: Listener; emit: Listener };
  Object.assign(channel, {
    prependListener(this: Channel, event: string, listener: Listener) {
      if (event === "message") ours.add(listener);
      return prependListener.call(this, event, listener) as unknown;
    },
    emit(this: Channel, event: string, ...parameters: unknown[]) {
      if (event !== "message" || !isFrame(parameters[0])) {
        return emit.call(this, event, ...parameters) as unknown;
      }
      for (const listener of this.listeners("message") as Listener[]) {
        if (ours.has(listener)) listener.apply(this, parameters);
      }
      return true;
    },
  });
}

const hasParent = !isMainThread || process.send !== undefined;
const join = () => {
  const listener = () => undefined;
  bus.on("node-core", listener);
  // A child that listens stays, as it should; the tests' children end by themselves.
  if (hasParent) bus.off("node-core", listener);
};
if (isLate) soon(join);
else join();

subscribe("child_process", (message) => {
  const { process: child } = message as { process: ChildProcess };
  soon(() => {
    if (typeof child.send === "function") bus.to(child);
  });
});
subscribe("worker_threads", (message) => {
  const { worker } = message as { worker: Worker };
  soon(() => bus.to(worker));
});
