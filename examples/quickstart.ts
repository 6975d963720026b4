// A cluster primary and two workers: messages, replies, errors, and a worker that dies.
// Run it with: npm start
import assert from "node:assert/strict";
import cluster from "node:cluster";
import { bus } from "clusterphone";
import { failureOf } from "./quickstart/failure.ts";
import type { ParentEvents, WorkerEvents } from "./quickstart/worker.ts";

if (cluster.isPrimary) await primary();
else await import("./quickstart/worker.ts");

async function primary(): Promise<void> {
  // What this process listens to, and what it sends; both are checked by TypeScript.
  const app = bus.ns<ParentEvents, WorkerEvents>("app");
  app.on("price", (item) => item.length); // A letter costs one.

  console.log("1. Two workers are forked, and written to at once. The messages wait for them.");
  const first = cluster.fork();
  const second = cluster.fork();
  console.log(`   Is worker 1 ready? ${app.to(first).peer.isReady("app") ? "Yes." : "Not yet."}`);
  const greetings = await Promise.all([
    app.to(first).emit("greet", "Ada").ackd(),
    app.to(second).emit("greet", "Grace").ackd(),
  ]);
  console.log(`   Worker 1 answers: ${greetings[0]}`);
  console.log(`   Worker 2 answers: ${greetings[1]}`);

  console.log("2. Worker 1 is asked for a total, and asks the primary for each price.");
  const total = await app.to(first).emit("total", ["tea", "bread"]).within(2000).ackd();
  console.log(`   Worker 1 answers: ${total}`);
  assert.equal(total, 8);

  console.log("3. A listener that throws answers with its error.");
  const thrown = await failureOf(app.to(first).emit("total", []).ackd());
  console.log(`   ${thrown.code}, executed: ${thrown.executed}, cause: ${thrown.cause}`);
  assert.equal(thrown.code, "ERR_REMOTE");

  console.log("4. Worker 2 is killed while it works. Whoever waits for it is told.");
  app.on("working", () => {
    second.process.kill("SIGKILL");
  });
  const killed = await failureOf(app.to(second).emit("work").ackd());
  console.log(`   ${killed.code}, executed: ${killed.executed}, signal: ${killed.signal}`);
  assert.equal(killed.code, "ERR_PEER_DIED");

  console.log(
    "5. A message to the dead worker fails at once. It did not run, so worker 1 gets it.",
  );
  const unsent = await failureOf(app.to(second).emit("greet", "Alan").ackd());
  console.log(`   ${unsent.code}, executed: ${unsent.executed}`);
  assert.equal(unsent.executed, "no");
  const greeting = await app.to(first).emit("greet", "Alan").ackd();
  console.log(`   Worker 1 answers: ${greeting}`);

  await bus.close();
  cluster.disconnect();
  console.log("6. The bus is closed, worker 1 is let go, and everything ends by itself.");
}
