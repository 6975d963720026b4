// A process or thread that has its metrics gathered by whoever started it, and its own by the threads that it starts.
import { Worker } from "node:worker_threads";
import { Counter, Gauge, Histogram, Registry, Summary } from "prom-client";
import { bus } from "../../lib/index.ts";
import { clusterMetrics } from "../../lib/prometheus/index.ts";
import { entryOf } from "../support/processes.ts";

const register = new Registry();
const registers = [register];
const jobs = new Counter({
  name: "jobs_total",
  help: "jobs",
  labelNames: ["kind"],
  registers,
});
const busy = new Gauge({ name: "busy", help: "busy", registers });
const most = new Gauge({ name: "most", help: "most", aggregator: "max", registers });
const odd = new Gauge({ name: "odd", help: "not finite", aggregator: "max", registers });
const version = new Gauge({
  name: "version_info",
  help: "version",
  labelNames: ["version"],
  aggregator: "first",
  registers,
});
new Gauge({ name: "start", help: "omitted", aggregator: "omit", registers }).set(1);
const seconds = new Histogram({ name: "seconds", help: "seconds", buckets: [1, 10], registers });
const sizes = new Summary({ name: "sizes", help: "sizes", percentiles: [0.5], registers });
version.set({ version: "1" }, 1);
odd.set(-Infinity);

let metrics: ReturnType<typeof clusterMetrics> | undefined;
let isHanging = false;
new Gauge({
  name: "collected",
  help: "may take for ever",
  registers,
  collect() {
    return isHanging ? new Promise<void>(() => {}) : undefined;
  },
});

bus.on("work", (count) => {
  jobs.inc({ kind: "a" }, count as number);
  busy.set(count as number);
  most.set(count as number);
  seconds.observe(count as number);
  sizes.observe(count as number);
});
bus.on("new label", (kind) => jobs.inc({ kind: kind as string }));
bus.on("large", (count) => {
  const large = new Counter({ name: "large_total", help: "large", labelNames: ["id"], registers });
  for (let id = 0; id < (count as number); id++) large.inc({ id }, id);
});
bus.on("hang", () => {
  isHanging = true;
});
bus.on("fail", () => {
  new Gauge({
    name: "failing",
    help: "throws",
    registers,
    collect() {
      throw new RangeError("it cannot be measured");
    },
  });
});
bus.on("block", (milliseconds) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds as number);
});
bus.on("open", () => {
  metrics ??= clusterMetrics(bus, { register, timeout: 3000 });
});
bus.on("scrape", () => metrics?.metrics());
bus.on("close", () => metrics?.close());
bus.on("thread", async () => {
  const thread = new Worker(entryOf("measured"));
  await bus.to(thread).emit("work", 100).ackd();
  await bus.to(thread).emit("open").ackd();
  bus.on("end thread", () => thread.terminate());
});
