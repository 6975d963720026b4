// A child that closes its bus, or flushes it, and exits.
import { setTimeout as later } from "node:timers/promises";
import { bus } from "../../lib/index.ts";

bus.on("echo", (data) => data);
bus.on("slow", async (data) => {
  await later(50);
  return data;
});
bus.on("close", () => {
  void bus.close().then(() => process.stdout.write("closed\n"));
});
bus.on("flush-and-exit", (count) => {
  for (let i = 0; i < (count as number); i++) bus.to("parent").emit("said", i);
  void bus.flushed().then(() => process.exit(0));
  return new Promise(() => {});
});
