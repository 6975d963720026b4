import type { ChildProcess } from "node:child_process";
import cluster, { type Worker as ClusterWorker } from "node:cluster";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import { Counter, Registry } from "prom-client";
import { bus } from "../../lib/index.ts";
import { type ClusterMetrics, clusterMetrics } from "../../lib/prometheus/index.ts";
import { nextEvent, rejection } from "../support/buses.ts";
import { endAll, entryOf, start } from "../support/processes.ts";

type Started = ClusterWorker | ChildProcess | Worker;

/** Generous, as the machine may be busy: what does not end by itself would hang. */
const TIMEOUT = 3_000;

describe("metrics of many processes", function () {
  this.timeout(120_000);

  const register = new Registry();
  const scrapes = new Counter({ name: "jobs_total", help: "jobs", registers: [register] });
  const failures: Error[] = [];
  let metrics: ClusterMetrics;
  let started: Started[] = [];
  /** The highest that a scrape has shown of each series that must not fall. */
  let highest = new Map<string, number>();

  beforeEach(() => {
    scrapes.reset();
    failures.length = 0;
    highest = new Map();
    cluster.setupPrimary({ exec: entryOf("measured"), execArgv: [], serialization: "json" });
    metrics = clusterMetrics(bus, {
      register,
      timeout: TIMEOUT,
      onFailure: (error) => failures.push(error),
    });
  });

  afterEach(async () => {
    const ends = started.map(async (each) => {
      if (each instanceof Worker) return void (await each.terminate());
      const { exitCode, signalCode } = processOf(each);
      if (exitCode !== null || signalCode !== null) return;
      const end = once(each, "exit");
      process.kill(processOf(each).pid as number, "SIGKILL");
      await end;
    });
    started = [];
    await Promise.all(ends);
    await endAll();
    await metrics.close();
  });

  async function worker(work = 0, opens = true): Promise<ClusterWorker> {
    return begin(cluster.fork(), work, opens);
  }

  async function begin<Kind extends Started>(one: Kind, work = 0, opens = true): Promise<Kind> {
    started.push(one);
    await bus.to(one).emit("work", work).ackd();
    if (!opens) return one;
    await bus.to(one).emit("open").ackd();
    await bus.ns("clusterphone/prometheus").to(one).ready();
    return one;
  }

  /** Looks at the text, and that nothing in it has fallen. */
  function seriesOf(text: unknown): Map<string, number> {
    const series = new Map<string, number>();
    for (const [, name = "", value] of String(text).matchAll(/^([^#\s]\S*) (\S+)$/gm)) {
      expect(series.has(name), `${name} is there once in\n${text}`).to.equal(false);
      series.set(name, Number(value));
    }
    for (const [name, value] of highest) {
      expect(series.get(name) ?? 0, `${name} has not fallen`).to.be.at.least(value);
    }
    for (const [name, value] of series) {
      if (/_(total|sum|count|bucket)\b/.test(name)) highest.set(name, value);
    }
    return series;
  }

  async function scrape(): Promise<Map<string, number>> {
    return seriesOf(await metrics.metrics());
  }

  function statesOf(series: Map<string, number>): (number | undefined)[] {
    return ["answered", "stale", "missing"].map((state) =>
      series.get(`clusterphone_workers{state="${state}"}`),
    );
  }

  it("are one text, made as the aggregators of prom-client say", async () => {
    await worker(2);
    await worker(5);
    scrapes.inc(10);
    const text = await metrics.metrics();
    const series = seriesOf(text);
    expect(statesOf(series)).to.deep.equal([2, 0, 0]);
    expect(Object.fromEntries(series)).to.include({
      jobs_total: 10,
      'jobs_total{kind="a"}': 7,
      busy: 7,
      most: 5,
      'version_info{version="1"}': 1,
      'seconds_bucket{le="1"}': 0,
      'seconds_bucket{le="10"}': 2,
      'seconds_bucket{le="+Inf"}': 2,
      seconds_sum: 7,
      seconds_count: 2,
      sizes_sum: 7,
    });
    expect(text).to.match(/^odd -Inf$/m);
    expect(text).to.not.contain("start");
    expect(text).to.contain("# HELP jobs_total jobs\n# TYPE jobs_total counter\n");
    expect(text).to.match(/[^\n]\n$/);
    expect(text).to.not.contain("\n\n\n");
    expect(metrics.contentType).to.equal(register.contentType);
  });

  it("can be had of any of them", async () => {
    const [first] = await Promise.all([worker(1), worker(2)]);
    const fromHere = await scrape();
    const fromThere = seriesOf(await bus.to(first).emit("scrape").ackd());
    expect(fromThere).to.deep.equal(fromHere);
    expect(fromThere.get('jobs_total{kind="a"}')).to.equal(3);
  });

  it("keep what the killed have counted, and not how they were", async () => {
    const [first, second] = await Promise.all([worker(2), worker(5)]);
    await scrape();
    const down = nextEvent(bus.lifecycle, "down");
    process.kill(first.process.pid as number, "SIGKILL");
    await down;
    const series = await scrape();
    expect(statesOf(series)).to.deep.equal([1, 0, 0]);
    expect(Object.fromEntries(series)).to.include({
      'jobs_total{kind="a"}': 7,
      busy: 5,
      most: 5,
      'seconds_bucket{le="10"}': 2,
      seconds_sum: 7,
      sizes_sum: 7,
      sizes_count: 2,
      'sizes{quantile="0.5"}': 5,
    });
    process.kill(second.process.pid as number, "SIGKILL");
    await nextEvent(bus.lifecycle, "down");
    await worker(1);
    expect((await scrape()).get('jobs_total{kind="a"}')).to.equal(8);
  });

  it("keep what was told by one that closes before it ends", async () => {
    const one = await worker(2);
    await scrape();
    await bus.to(one).emit("work", 40).ackd();
    await bus.to(one).emit("close").ackd();
    expect((await scrape()).get('jobs_total{kind="a"}')).to.equal(42);
    const down = nextEvent(bus.lifecycle, "down");
    process.kill(one.process.pid as number, "SIGKILL");
    await down;
    expect((await scrape()).get('jobs_total{kind="a"}')).to.equal(42);
  });

  it("do not wait for who has no metrics, or no bus, and count them", async () => {
    const asked = await Promise.all([worker(3), worker(5, false)]);
    cluster.setupPrimary({ exec: entryOf("without-bus") });
    const without = cluster.fork();
    started.push(without);
    const began = performance.now();
    const series = await scrape();
    expect(performance.now() - began, "ms").to.be.below(TIMEOUT);
    expect(statesOf(series)).to.deep.equal([1, 0, 2]);
    expect(series.get('jobs_total{kind="a"}')).to.equal(3);
    const late = asked[1];
    await bus.to(late).emit("open").ackd();
    await bus.ns("clusterphone/prometheus").to(late).ready();
    expect((await scrape()).get('jobs_total{kind="a"}')).to.equal(8);
  });

  it("have the last values of one that is stopped, which is waited for once", async () => {
    const [first, second] = await Promise.all([worker(2), worker(5)]);
    await scrape();
    process.kill(second.process.pid as number, "SIGSTOP");
    await bus.to(first).emit("work", 10).ackd();
    const series = await scrape();
    expect(statesOf(series)).to.deep.equal([1, 1, 0]);
    expect(series.get('jobs_total{kind="a"}')).to.equal(17);
    const began = performance.now();
    for (let count = 0; count < 20; count++) await scrape();
    expect(performance.now() - began, "ms for twenty").to.be.below(TIMEOUT);
    expect(bus.peers.map(({ inFlight }) => inFlight).reduce((sum, each) => sum + each)).to.equal(1);
    process.kill(second.process.pid as number, "SIGCONT");
    while (statesOf(await scrape())[0] !== 2);
  });

  it("are quick, never fall and add up, with one killed, one stopped, one without and one just forked", async () => {
    const workers = await Promise.all(Array.from({ length: 7 }, () => worker(1)));
    await worker(1, false);
    const add = async () => {
      await Promise.all(workers.slice(2).map((one) => bus.to(one).emit("work", 1).ackd()));
      return scrape();
    };
    expect(statesOf(await add())).to.deep.equal([7, 0, 1]);
    const [killed, stopped] = workers as [ClusterWorker, ClusterWorker];
    process.kill(stopped.process.pid as number, "SIGSTOP");
    const scraped = add();
    process.kill(killed.process.pid as number, "SIGKILL");
    started.push(cluster.fork());
    const [answered = 0, stale, missing] = statesOf(await scraped);
    expect([stale, missing]).to.deep.equal([1, 2]);
    expect(answered).to.be.oneOf([5, 6]);
    const series = await add();
    expect(statesOf(series)).to.deep.equal([5, 1, 2]);
    expect(series.get('jobs_total{kind="a"}')).to.equal(7 + 3 * 5);
    expect(
      seriesOf(
        await bus
          .to(workers[3] as ClusterWorker)
          .emit("scrape")
          .ackd(),
      ),
    ).to.deep.equal(series);
    expect(failures).to.deep.equal([]);
  });

  it("are gathered once for all who ask at the same time", async () => {
    const one = await worker(1);
    const asked: unknown[] = [];
    const channel = bus.ns("clusterphone/prometheus");
    let isWatching = true;
    channel.use((message, next) => {
      if (isWatching && message.kind === "event" && message.event === "collect")
        asked.push(message);
      return next();
    });
    const texts = await Promise.all([metrics.metrics(), metrics.metrics(), metrics.metrics()]);
    isWatching = false;
    expect(asked).to.have.length(1);
    expect(new Set(texts)).to.have.length(1);
    expect(await bus.to(one).emit("scrape").ackd()).to.equal(texts[0]);
  });

  it("outlive the one that has asked for them", async () => {
    const [asking, slow] = await Promise.all([worker(1), worker(2)]);
    await scrape();
    const gathering = new Promise<void>((resolve) => {
      bus.ns("clusterphone/prometheus").use((message, next) => {
        if (message.event === "collect" && message.kind === "event") resolve();
        return next();
      });
    });
    bus.to(slow).emit("block", 500);
    // In here its time, and its death, would count for what its listener sends.
    const asked = bus.to(asking).emit("scrape").within(TIMEOUT).ackd();
    await gathering;
    const scraped = scrape();
    process.kill(asking.process.pid as number, "SIGKILL");
    await rejection(asked);
    const series = await scraped;
    expect(statesOf(series)).to.deep.equal([1, 0, 0]);
    expect(series.get('jobs_total{kind="a"}')).to.equal(3);
    expect(failures).to.deep.equal([]);
  });

  for (const [kind, create] of [
    ["child processes", () => start("measured")],
    [
      "child processes with advanced serialization",
      () => start("measured", [], { serialization: "advanced" }),
    ],
    ["threads", () => new Worker(entryOf("measured"))],
  ] as const) {
    it(`are those of ${kind} too, and of the threads in them`, async () => {
      const [first, second] = await Promise.all([begin(create(), 1), begin(create(), 2)]);
      await bus.to(first).emit("thread").ackd();
      while (statesOf(await scrape())[0] !== 3);
      const series = await scrape();
      expect(series.get('jobs_total{kind="a"}')).to.equal(103);
      expect(seriesOf(await bus.to(second).emit("scrape").ackd())).to.deep.equal(series);
      await bus.to(first).emit("end thread").ackd();
      while (statesOf(await scrape())[0] !== 2);
      expect((await scrape()).get('jobs_total{kind="a"}')).to.equal(103);
      const down = nextEvent(bus.lifecycle, "down");
      if (first instanceof Worker) await first.terminate();
      else first.kill("SIGKILL");
      await down;
      expect((await scrape()).get('jobs_total{kind="a"}')).to.equal(103);
    });
  }

  it("follow series that come and go", async () => {
    const one = await worker(1);
    await scrape();
    await bus.to(one).emit("new label", 'b"\n').ackd();
    const series = await scrape();
    expect(series.get('jobs_total{kind="b\\"\\n"}')).to.equal(1);
    expect(series.get('jobs_total{kind="a"}')).to.equal(1);
  });

  it("are stale where they cannot be read, and why is told", async () => {
    const one = await worker(1);
    await scrape();
    await bus.to(one).emit("fail").ackd();
    const series = await scrape();
    expect(statesOf(series)).to.deep.equal([0, 1, 0]);
    expect(series.get('jobs_total{kind="a"}')).to.equal(1);
    expect(failures.map(({ cause }) => (cause as Error).message)).to.deep.equal([
      "it cannot be measured",
    ]);
  });

  it("are stale where reading them takes for ever, and hold nobody up", async () => {
    const [hanging] = await Promise.all([worker(1), worker(2)]);
    await scrape();
    await bus.to(hanging).emit("hang").ackd();
    const series = await scrape();
    expect(statesOf(series)).to.deep.equal([1, 1, 0]);
    expect(series.get('jobs_total{kind="a"}')).to.equal(3);
  });

  it("are OpenMetrics where the register is", async () => {
    const one = await worker(2);
    register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    try {
      const text = await metrics.metrics();
      expect(metrics.contentType).to.equal(Registry.OPENMETRICS_CONTENT_TYPE);
      expect(text).to.match(/^# TYPE jobs counter\njobs_total 0\njobs_total\{kind="a"\} 2$/m);
      expect(text).to.match(/^clusterphone_workers\{state="answered"\} 1$/m);
      expect(text).to.not.contain("\n\n");
      expect(text.match(/# EOF/g)).to.have.length(1);
      expect(text.endsWith("\n# EOF\n")).to.equal(true);
      // Who asks decides.
      expect(await bus.to(one).emit("scrape").ackd()).to.not.contain("# EOF");
    } finally {
      register.setContentType(Registry.PROMETHEUS_CONTENT_TYPE);
    }
  });

  it("are large, and the labels of each series travel once", async () => {
    const one = await worker(1);
    await bus.to(one).emit("large", 20_000).ackd();
    const sizes: number[] = [];
    const channel = bus.ns("clusterphone/prometheus");
    let isWatching = true;
    channel.use((message, next) => {
      if (isWatching && message.kind === "ack" && message.direction === "inbound") {
        sizes.push(JSON.stringify(message.reply).length);
      }
      return next();
    });
    const first = await scrape();
    expect(await scrape()).to.deep.equal(first);
    isWatching = false;
    expect(first.get('large_total{id="19999"}')).to.equal(19_999);
    const [before = 0, after = 0] = sizes;
    expect(after).to.be.below(before / 4);
  });

  it("are refused to be gathered twice, and from a wrong option", () => {
    expect(() => clusterMetrics(bus.ns("other"))).to.throw(/called before/);
    expect(() => clusterMetrics(bus, { timeot: 5 } as never)).to.throw(TypeError, "timeout");
    for (const timeout of [-1, Infinity, "5"]) {
      expect(() => clusterMetrics(bus, { timeout } as never)).to.throw(TypeError, "timeout");
    }
  });
});

function processOf(one: ClusterWorker | ChildProcess): ChildProcess {
  return "process" in one ? one.process : one;
}
