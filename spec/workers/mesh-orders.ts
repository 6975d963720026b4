// A member of a mesh that writes down, in a file that outlives it, what it has run.
import { openSync, writeSync } from "node:fs";
import { connect } from "@nats-io/transport-node";
import { bus } from "../../lib/index.ts";
import { join } from "../../lib/nats/index.ts";

const [servers = "", instance = "", file = "", credentials = "{}"] = process.argv.slice(2);
const runs = openSync(file, "a");
bus.on("place", (id: number) => {
  writeSync(runs, `${id}\n`);
  return id;
});
bus.on("never", () => new Promise(() => undefined));
bus.on("length", (text: string) => text.length);
bus.on("block", (ms: number) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return "over";
});
const connection = await connect({
  servers,
  maxReconnectAttempts: -1,
  reconnectTimeWait: 50,
  timeout: 1000,
  ...(JSON.parse(credentials) as object),
});
await join(bus, { name: "orders", instance, connection });
