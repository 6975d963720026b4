// A worker of the checks: node worker.js SLOWNESS FILE. It takes SLOWNESS times as long as others for a job, and writes
// down in FILE what it has run.
import { openSync, writeSync } from "node:fs";
import { bus } from "clusterphone";

const [slowness = "1", file = "/dev/null"] = process.argv.slice(2);
const descriptor = openSync(file, "a");
const cell = new Int32Array(new SharedArrayBuffer(4));

bus.on("who", (number) => `${process.pid} ${number}`);
// What was written is there even if the process is killed before it can answer.
bus.on("write down", (number) => {
  writeSync(descriptor, `${number}\n`);
  return number;
});
// The thread is blocked as by computing, but takes no processor: so more of them than there are processors do not slow
// each other down. It answers with who it is, and the milliseconds that it really took.
const work = (milliseconds: unknown) => {
  const start = performance.now();
  Atomics.wait(cell, 0, 0, Number(milliseconds) * Number(slowness));
  return [process.pid, performance.now() - start];
};
bus.on("work", work);
// The same by a bare channel, to see what that takes.
process.on("message", (message: { work?: number }) => {
  if (message.work !== undefined) process.send?.({ worked: work(message.work) });
});
