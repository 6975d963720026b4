// Waits for an answer of a parent that dies meanwhile, and writes what it got into the file it was given.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { BusError, bus } from "../../lib/index.ts";

const [file = "", how] = process.argv.slice(2);
const pending = how ? withHandle() : bus.to("parent").emit("hang").ackd();
const queued = bus.ns("never").to("parent").emit("x").ackd();
bus.to("parent").emit("ready");
const outcomes = await Promise.allSettled([pending, queued]);
const errors = outcomes.map((outcome) => {
  const error: unknown = outcome.status === "rejected" ? outcome.reason : undefined;
  return error instanceof BusError ? `${error.code} ${error.executed}` : "no error";
});
const after = await bus
  .to("parent")
  .emit("x")
  .ackd()
  .catch((error: BusError) => `${error.code} ${error.executed}`);
writeFileSync(file, JSON.stringify([...errors, after]));

/** Sends a handle to the parent while that is stopped, and kills it. */
async function withHandle(): Promise<unknown> {
  await bus.to("parent").emit("echo").ackd();
  const server = createServer().listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  const parent = process.ppid;
  process.kill(parent, "SIGSTOP");
  const answer = bus.to("parent").emit("hang", undefined, { handle: server }).ackd();
  setImmediate(() => process.kill(parent, "SIGKILL"));
  return answer;
}
