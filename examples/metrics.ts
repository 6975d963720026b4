// One /metrics for all workers: one is killed, one is stopped, one has no metrics and one has just been forked, and
// still every scrape is quick, and no counter falls.
// Run it with: npm run build && node dist/examples/metrics.js
import assert from "node:assert/strict";
import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { bus, type Peer } from "clusterphone";
import { clusterMetrics } from "clusterphone/prometheus";
import { Counter } from "prom-client";

/** What a worker listens to. */
interface WorkerEvents {
  /** It does a job, and counts it. */
  job(): void;
  /** A scrape that has reached a worker. */
  scrape(): string;
}

const WORKERS = 8;
const app = bus.ns<WorkerEvents>("app");

if (cluster.isPrimary) await primary();
else worker();

function worker(): void {
  const jobs = new Counter({ name: "jobs_total", help: "Jobs that were done." });
  app.on("job", () => jobs.inc());
  // One of them is of an older version, that has no metrics.
  if (process.env["WITHOUT_METRICS"]) return;
  const metrics = clusterMetrics(bus);
  app.on("scrape", () => metrics.metrics());
}

async function primary(): Promise<void> {
  const metrics = clusterMetrics(bus);
  const server = createServer((_request, response) => {
    metrics.metrics().then(
      (text) => response.setHeader("Content-Type", metrics.contentType).end(text),
      (error: Error) => response.writeHead(503).end(error.message),
    );
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;

  const workers = Array.from({ length: WORKERS }, (_, index) =>
    cluster.fork(index === WORKERS - 1 ? { WITHOUT_METRICS: "1" } : {}),
  );
  const [first, second, third] = workers as [Worker, Worker, Worker];
  for (const each of workers) await app.to(each).ready();
  console.log(`${WORKERS} workers count jobs; worker ${WORKERS} has no metrics.`);

  let highest = 0;
  let slowest = 0;
  let isStopped = false;
  const works = ({ target, state }: Peer) => state === "up" && !(isStopped && target === second);

  /** Everybody who can does ten jobs, and Prometheus comes by. */
  async function round(): Promise<void> {
    for (let count = 0; count < 10; count++) await app.all(works).emit("job").ackd();
    await scrape();
  }

  async function scrape(): Promise<void> {
    const began = performance.now();
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    const text = await response.text();
    const took = performance.now() - began;
    const jobs = valueIn(text, "jobs_total");
    const states = ["answered", "stale", "missing"].map(
      (state) => `${valueIn(text, `clusterphone_workers{state="${state}"}`)} ${state}`,
    );
    console.log(`  jobs_total ${jobs} of workers: ${states.join(", ")} (${took.toFixed(0)} ms)`);
    assert.ok(jobs >= highest, "no counter falls");
    highest = jobs;
    slowest = Math.max(slowest, took);
  }

  await round();

  console.log("Worker 1 is killed. What it has counted stays.");
  const exit = once(first, "exit");
  first.process.kill("SIGKILL");
  await exit;
  await round();

  console.log("Worker 2 is stopped. It is waited for once, and its last values count.");
  isStopped = true;
  second.process.kill("SIGSTOP");
  await round();
  await round();

  console.log("Worker 9 is forked. It is not waited for.");
  const ninth = cluster.fork();
  await scrape();
  await app.to(ninth).ready();
  await round();

  console.log("Worker 2 goes on.");
  isStopped = false;
  second.process.kill("SIGCONT");
  await app.to(second).emit("job").ackd();
  await round();

  console.log("Worker 3 is asked for the metrics of all, and has the same.");
  const there = await app.to(third).emit("scrape").ackd();
  assert.equal(valueIn(there, "jobs_total"), highest);

  console.log(`No counter has fallen. The slowest scrape took ${slowest.toFixed(0)} ms.`);
  server.closeAllConnections();
  server.close();
  await metrics.close();
  await bus.close();
  cluster.disconnect();
}

function valueIn(text: string, series: string): number {
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return Number(line?.split(" ").at(-1));
}
