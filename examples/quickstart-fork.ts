// A parent and two forked children: the quickstart with child_process.fork.
// Run it with: npm run build && node dist/examples/quickstart-fork.js
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { bus } from "clusterphone";
import { failureOf } from "./quickstart/failure.ts";
import type { ParentEvents, WorkerEvents } from "./quickstart/worker.ts";

const app = bus.ns<ParentEvents, WorkerEvents>("app");
app.on("price", (item) => item.length); // A letter costs one.

console.log("1. Two children are forked, and written to at once. The messages wait for them.");
const entry = new URL(`./quickstart/worker${import.meta.url.slice(-3)}`, import.meta.url);
const first = fork(entry);
const second = fork(entry);
const greetings = await Promise.all([
  app.to(first).emit("greet", "Ada").ackd(),
  app.to(second).emit("greet", "Grace").ackd(),
]);
console.log(`   Child 1 answers: ${greetings[0]}`);
console.log(`   Child 2 answers: ${greetings[1]}`);

console.log("2. Child 1 is asked for a total, and asks its parent for each price.");
const total = await app.to(first).emit("total", ["tea", "bread"]).ackd();
console.log(`   Child 1 answers: ${total}`);
assert.equal(total, 8);

console.log("3. Child 2 calls process.exit(3) in its listener. Whoever waits for it is told.");
const exited = await failureOf(app.to(second).emit("leave", 3).ackd());
console.log(`   ${exited.code}, executed: ${exited.executed}, exit code: ${exited.exitCode}`);
assert.equal(exited.exitCode, 3);

console.log("4. A message to the dead child fails at once. It did not run, so child 1 gets it.");
const unsent = await failureOf(app.to(second).emit("greet", "Alan").ackd());
console.log(`   ${unsent.code}, executed: ${unsent.executed}`);
assert.equal(unsent.executed, "no");
console.log(`   Child 1 answers: ${await app.to(first).emit("greet", "Alan").ackd()}`);

await bus.close();
first.disconnect();
console.log("5. The bus is closed, child 1 is let go, and everything ends by itself.");
