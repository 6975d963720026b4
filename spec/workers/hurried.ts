// A child or thread that says something and then does not pause, ends, or hangs up.
import { readSync } from "node:fs";
import { bus } from "../../lib/index.ts";

const target = bus.to("parent");

function say(count: number): void {
  for (let i = 0; i < count; i++) target.emit("said", i);
}

bus.on("echo", (data) => data);
/** Says so many things, each by itself, and blocks until it may go on: by a gate in a thread, otherwise by its input. */
bus.on("report", (parameters, message) => {
  const { count, gate } = parameters as { count: number; gate?: Int32Array };
  for (let i = 0; i < count; i++) {
    target.emit("said", i);
    if (i % 2 === 0) bus.flush();
    else message.peer.flush();
  }
  if (gate) Atomics.wait(gate, 0, 0);
  else readSync(0, Buffer.alloc(1));
  return "done";
});
bus.on("end with", (code) => {
  process.exitCode = code as number;
});
bus.on("exit", (count) => {
  process.once("exit", () => target.emit("said", "on exit"));
  say(count as number);
  process.exit(0);
});
bus.on("disconnect", (parameters) => {
  const { count, flush } = parameters as { count: number; flush: boolean };
  bus.lifecycle.on("undelivered", ({ code, executed }, { data }) => {
    process.stdout.write(`${code} ${executed} ${data as number}\n`);
  });
  say(count);
  if (flush) bus.flush();
  process.disconnect();
});
