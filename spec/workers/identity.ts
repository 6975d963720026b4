// Says who it is, over whatever channel it has been given. With "speaks" it addresses its parent, with "echoes" everything
// that comes goes back, with "own" somebody listens before the bus does.
import { isMainThread, type MessagePort, parentPort, workerData } from "node:worker_threads";
import { bus } from "../../lib/index.ts";

const how = process.argv.slice(2);
const seen: unknown[] = [];

if (how.includes("own")) {
  const first = new Promise((resolve) => process.once("message", resolve));
  process.on("message", (message: unknown) => seen.push(message));
  await first;
}
bus.on("who", () => (isMainThread ? process.pid : (workerData as { name: string }).name));
bus.on("hang", () => new Promise(() => {}));
bus.on("seen", () => seen);
bus.on("progress", (data) => {
  seen.push(data);
});
bus.on("go", async () => {
  const replies: unknown[] = [];
  for (let i = 0; i < 20; i++) replies.push(await bus.to("parent").emit("progress", i).ackd());
  return replies;
});
if (how.includes("echoes")) process.on("message", (message: unknown) => process.send?.(message));
if (how.includes("speaks")) bus.to("parent").emit("started", process.pid);
if (parentPort) {
  const { port } = workerData as { port?: MessagePort };
  if (port) bus.to(port);
  parentPort.on("message", (message: unknown) => {
    if (message === "give" && port) parentPort?.postMessage({ port }, [port]);
    const given = (message as { port?: MessagePort }).port;
    if (given) bus.to(given);
  });
}
