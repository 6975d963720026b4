// A thread that uses its port itself, after the bus has taken part.
import { parentPort } from "node:worker_threads";
import { bus } from "../../lib/index.ts";

await bus.to("parent").emit("hit", 1).ackd();
const onMessage = (message: unknown) => {
  if (Object.hasOwn(Object(message), "clusterphone2")) return;
  if (message === "end") parentPort?.off("message", onMessage).unref();
  else parentPort?.postMessage(`heard: ${String(message)}`);
};
parentPort?.on("message", onMessage);
parentPort?.postMessage("listening");
