// What PM2 runs, in both of its modes: an HTTP server whose parent, PM2, has no bus.
import { type ChildProcess, fork } from "node:child_process";
import cluster from "node:cluster";
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { bus, isBusError } from "../../lib/index.ts";

const { OUT: out = "", APP: name, PORT: port } = process.env;
const say = (what: string) => appendFileSync(out, `${name} ${what}\n`);

bus.on("anything", () => "so that the bus listens to its parent");
void bus
  .to("parent")
  .emit("hello")
  .within(300)
  .ackd()
  .catch((error: unknown) => isBusError(error) && say(`parent ${error.code} ${error.executed}`));

const here = import.meta.url;
const child: ChildProcess = fork(fileURLToPath(new URL(`./child${here.slice(-3)}`, here)));
void bus
  .to(child)
  .emit("echo", "own children")
  .ackd()
  .then((reply) => say(`child ${String(reply)}`));

const server = createServer((_request, response) => {
  response.setHeader("connection", "close").end("ok");
});
server.listen(Number(port));

// Long after the bus: PM2's messages are for whoever listens to them.
process.on("message", (message) => {
  if (message === "shutdown") void shutDown();
});
process.on("SIGINT", () => void shutDown());

let isOver = false;

async function shutDown(): Promise<void> {
  if (isOver) return;
  isOver = true;
  server.close();
  // PM2 signals the whole tree: the child may be gone already, and to disconnect it would throw.
  if (child.connected) child.disconnect();
  await bus.close();
  say("closed");
  // A cluster worker must not leave while a connection is on its way to it: its own `disconnect` waits for the primary.
  if (cluster.worker) cluster.worker.disconnect();
  else process.disconnect();
}
