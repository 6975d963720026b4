// A child that gives up its close while it reads nothing, and stays.
import { readSync } from "node:fs";
import { bus } from "../../lib/index.ts";

bus.on("echo", (data) => data);
bus.on("give-up", () => {
  void bus.close({ timeout: 1 });
  process.send?.("reads nothing");
  // Until the parent writes there.
  readSync(0, Buffer.alloc(1));
});
setInterval(() => undefined, 1000);
