// Waits for an answer of a parent that dies meanwhile, and writes what it got into the file it was given.
import { writeFileSync } from "node:fs";
import { BusError, bus } from "../../lib/index.ts";

const [file = ""] = process.argv.slice(2);
const pending = bus.to("parent").emit("hang").ackd();
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
