import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { judge } from "../bench/bars.ts";
import type { Report } from "../bench/report.ts";
import type { Case } from "../bench/result.ts";
import { idealOf } from "../bench/spread.ts";
import { ratios, spreadOf } from "../bench/statistics.ts";
import { needsServer } from "./support/nats.ts";
import { type Ended, endAll, ended } from "./support/processes.ts";

/** Nothing here looks at how fast anything was; a run that takes longer than this (ms) hangs. */
const HANG = 240_000;

describe("the benchmark", function () {
  this.timeout(HANG);
  afterEach(endAll);

  it("writes a report with the machine, the versions and a figure of each round", async () => {
    const folder = mkdtempSync(join(tmpdir(), "clusterphone-bench-"));
    try {
      const { code, output } = await bench("--tiny", "--only", "roundtrip", "--out", folder);
      expect(code, output).to.equal(0);
      expect(output).to.match(/^ {2}process\.send +[\d,.]+ +1\.00 +p50 /m);
      expect(output).to.match(/^ {2}bus +[\d,.]+ +\d+\.\d\d \(\d+\.\d\d to \d+\.\d\d\) +p50 /m);

      const [major] = process.versions.node.split(".");
      const text = readFileSync(join(folder, `node-${major}.json`), "utf8");
      const report = JSON.parse(text) as Report;
      expect(report.node).to.equal(process.version);
      expect(report.machine.cores).to.be.greaterThan(0);
      expect(report.packages).to.include({ "clusterphone-1.0.1": "1.0.1" });
      expect(report.packages).to.include.keys("clusterphone", "birpc", "comlink");
      expect(report.cases.map(({ name }) => name)).to.deep.equal([
        "json, depth 16",
        "advanced, depth 16",
      ]);
      for (const { outcomes, baseline } of report.cases) {
        expect(baseline).to.equal("process.send");
        expect(outcomes.map(({ side }) => side)).to.deep.equal([
          "process.send",
          "bus",
          "bare loop",
        ]);
        for (const { rounds, latency } of outcomes) {
          expect(rounds).to.have.length(2);
          for (const rate of rounds) expect(rate).to.be.greaterThan(0);
          expect(latency?.p99).to.be.at.least(latency?.p50 ?? Number.NaN);
        }
      }
      // Not with the rest of the suite: loading Vega takes half a second.
      const { chartsOf } = await import("../bench/charts.ts");
      const charts = await chartsOf(report);
      expect([...charts.keys()]).to.deep.equal(["round-trips"]);
      expect(charts.get("round-trips")).to.match(/^<svg .*bare loop.*<\/svg>\n$/s);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("compares all and any with to, each with workers of its own", async () => {
    const folder = mkdtempSync(join(tmpdir(), "clusterphone-bench-"));
    try {
      const { code, output } = await bench(
        ...["--tiny", "--only", "all", "--only", "any", "--out", folder],
      );
      expect(code, output).to.equal(0);
      const [major] = process.versions.node.split(".");
      const text = readFileSync(join(folder, `node-${major}.json`), "utf8");
      const { cases } = JSON.parse(text) as Report;
      expect(cases.map(({ scenario, name }) => `${scenario}: ${name}`)).to.deep.equal([
        "any: json, depth 256",
        "all: json, 2 workers",
      ]);
      expect(
        cases.map(({ outcomes }) => outcomes.map(({ side, rounds }) => [side, rounds.length])),
      ).to.deep.equal([
        [
          ["to, in turn", 2],
          ["any", 2],
        ],
        [
          ["to, a loop", 2],
          ["all", 2],
        ],
      ]);
      for (const { outcomes } of cases) {
        for (const rate of outcomes.flatMap(({ rounds }) => rounds)) expect(rate).to.be.above(0);
      }
      expect(output)
        .to.match(/ over to in turn.* [\d.]+/)
        .and.to.match(/ over a loop of to.* [\d.]+/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("compares the bus over NATS with its client by hand, and with moleculer", async function () {
    needsServer(this);
    const folder = mkdtempSync(join(tmpdir(), "clusterphone-bench-"));
    try {
      const { code, output } = await bench("--tiny", "--only", "machines", "--out", folder);
      expect(code, output).to.equal(0);
      const [major] = process.versions.node.split(".");
      const text = readFileSync(join(folder, `node-${major}.json`), "utf8");
      const { cases, verdicts, packages } = JSON.parse(text) as Report;
      expect(packages).to.include.keys("@nats-io/transport-node", "moleculer");
      const client = ["by hand", "nc.request", "bus", "bus, advanced", "no session", "moleculer"];
      expect(
        cases.map(({ name, outcomes }) => [name, outcomes.map(({ side }) => side)]),
      ).to.deep.equal([
        ["round trips, depth 16", client],
        ["100 KB, depth 16", client],
        ["one way", ["nc.publish", "bus", "bus, advanced"]],
        ["any of 4, 20 jobs, 16 at once", ["any", "any, 2 each"]],
      ]);
      for (const { outcomes } of cases) {
        for (const { rounds } of outcomes) {
          expect(rounds).to.have.length(2);
          for (const figure of rounds) expect(figure).to.be.above(0);
        }
      }
      const judged = verdicts.filter(({ reached }) => reached !== undefined);
      expect(judged.map(({ text }) => text)).to.deep.equal([
        "over NATS, round trips, depth 16, over by hand",
        "over NATS, round trips, depth 16, over nc.request",
        "over NATS, the session, of none",
        "over NATS, one way, over nc.publish",
        "over NATS, 100 KB, depth 16, over nc.request",
        "over NATS, any of 4, one 10 times slower, of the ideal",
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("takes the best order for ideal, whoever is slow", () => {
    expect(idealOf(4, [1, 1])).to.equal(2);
    expect(idealOf(11, [1, 10])).to.equal(10);
    expect(idealOf(400, [3, 3, 3, 30])).to.be.within(387, 390);
  });

  it("names the scenarios if one is not known, and publishes full runs only", async () => {
    const unknown = await bench("--only", "nothing");
    expect(unknown.code).to.equal(1);
    expect(unknown.output).to.contain("there is no scenario nothing, only roundtrip, rivals");
    const partial = await bench("--quick", "--publish");
    expect(partial.code).to.equal(1);
    expect(partial.output).to.contain("only a full run is fit for being published");
  });

  it("holds the worst case that a bar is about against it, and says what was not measured", () => {
    const payload = (name: string, rounds: number[]): Case => ({
      scenario: "payloads",
      name,
      unit: "round trips/s",
      better: "more",
      baseline: "process.send",
      outcomes: [
        { side: "process.send", rounds: [100, 50, 80] },
        { side: "bus", rounds },
      ],
    });
    const verdicts = judge([
      payload("json, 1 KB, round trips", [10, 10, 10]),
      payload("json, 10 KB, round trips", [110, 60, 80]),
      payload("advanced, 1 MB Buffer, one way", [90, 40, 80]),
    ]);
    expect(verdicts.find(({ text }) => text.startsWith("any payload"))).to.deep.equal({
      text: "any payload from 10 KB up",
      bar: "at least 0.95",
      reached: 0.9,
      from: 0.8,
      to: 1,
      worst: "advanced, 1 MB Buffer, one way",
      isMet: false,
    });
    const others = verdicts.filter(({ text }) => !text.startsWith("any payload"));
    expect(others.every(({ reached }) => reached === undefined)).to.equal(true);
  });

  it("compares round by round, as the machine is not the same in all of them", () => {
    expect(ratios([30, 20, 2], [10, 10, 1])).to.deep.equal([3, 2, 2]);
    expect(spreadOf([3, 2, 2, 9])).to.deep.equal({
      median: 2.5,
      lowerQuartile: 2,
      upperQuartile: 4.5,
      min: 2,
      max: 9,
    });
  });
});

function bench(...args: string[]): Promise<Ended> {
  const file = fileURLToPath(new URL(`../bench/run${import.meta.url.slice(-3)}`, import.meta.url));
  return ended(spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "pipe"] }));
}
