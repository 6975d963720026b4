// A main thread and two worker threads: the quickstart with worker_threads.
// Run it with: npm run build && node dist/examples/quickstart-threads.js
import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { bus } from "clusterphone";
import { failureOf } from "./quickstart/failure.ts";
import type { ParentEvents, WorkerEvents } from "./quickstart/worker.ts";

const app = bus.ns<ParentEvents, WorkerEvents>("app");
app.on("price", (item) => item.length); // A letter costs one.

console.log("1. Two threads are started, and written to at once. The messages wait for them.");
const entry = new URL(`./quickstart/worker${import.meta.url.slice(-3)}`, import.meta.url);
const first = new Worker(entry);
const second = new Worker(entry);
const greetings = await Promise.all([
  app.to(first).emit("greet", "Ada").ackd(),
  app.to(second).emit("greet", "Grace").ackd(),
]);
console.log(`   Thread 1 answers: ${greetings[0]}`);
console.log(`   Thread 2 answers: ${greetings[1]}`);

console.log("2. Thread 1 is asked for a total, and asks its parent for each price.");
const total = await app.to(first).emit("total", ["tea", "bread"]).ackd();
console.log(`   Thread 1 answers: ${total}`);
assert.equal(total, 8);

console.log("3. Thread 2 is terminated while it works. Whoever waits for it is told.");
app.on("working", () => {
  void second.terminate();
});
const ended = await failureOf(app.to(second).emit("work").ackd());
console.log(`   ${ended.code}, executed: ${ended.executed}, exit code: ${ended.exitCode}`);
assert.equal(ended.code, "ERR_PEER_DIED");

console.log("4. A message to the dead thread fails at once. It did not run, so thread 1 gets it.");
const unsent = await failureOf(app.to(second).emit("greet", "Alan").ackd());
console.log(`   ${unsent.code}, executed: ${unsent.executed}`);
assert.equal(unsent.executed, "no");
console.log(`   Thread 1 answers: ${await app.to(first).emit("greet", "Alan").ackd()}`);

await bus.close();
await first.terminate();
console.log("5. The bus is closed, thread 1 is let go, and everything ends by itself.");
