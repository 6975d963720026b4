import { spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { hasServer } from "./support/nats.ts";
import { hasNetworks } from "./support/network.ts";
import { SILENCE } from "./support/processes.ts";
import { besideEachOther } from "./support/relay.ts";

const folder = new URL("../examples/", import.meta.url);
const extension = import.meta.url.slice(-3);

/** An example that takes longer than this (ms) hangs. */
const HANG = 180_000;

describe("the examples", function () {
  this.timeout(HANG + 1_000);

  const it = besideEachOther();

  it("orders: go on while the server and an instance are killed, and a cable is cut where there is one", async () => {
    if (!hasServer()) return;
    const machines = hasNetworks() ? /network namespaces\.$/ : /two trees of processes/;
    const cable = hasNetworks() ? /Orders go on, on either machine/ : /^3\. There is no cable/;
    expectInOrder(await run("orders"), [
      /^1\. Two machines, with three instances/,
      machines,
      /The mesh: orders\/eu-1, orders\/eu-2, orders\/us-1, web\/web-eu, web\/web-us\.$/,
      /Orders go on, and nobody was taken for gone\.$/,
      cable,
      /eu-2 is gone: nobody takes what is sent to it\.$/,
      /An order for it alone has failed: ERR_PEER_DIED, executed: (no|maybe)\.$/,
      /^5\. \d+ orders were confirmed\. All of them stand in the books, each once\.$/,
      /were under way to eu-2 when it died: .* and \d+ were\.$/,
    ]);
  });

  it("quickstart: waits for workers, asks, is asked back, and tells of a killed worker", async () => {
    const stdout = await run("quickstart");
    expectInOrder(stdout, [
      /^1\. Two workers are forked/,
      /Is worker 1 ready\? Not yet\.$/,
      /Worker 1 answers: Hello Ada, this is process \d+, thread 0\.$/,
      /Worker 2 answers: Hello Grace, this is process \d+, thread 0\.$/,
      /Worker 1 answers: 8$/,
      /ERR_REMOTE, executed: yes, cause: RangeError: nothing was ordered$/,
      /ERR_PEER_DIED, executed: maybe, signal: SIGKILL$/,
      /ERR_PEER_DIED, executed: no$/,
      /Worker 1 answers: Hello Alan/,
      /everything ends by itself\.$/,
    ]);
    const [ada, grace, alan] = matches(stdout, /this is process (\d+)/g);
    expect(grace).to.not.equal(ada);
    expect(alan).to.equal(ada);
  });

  it("quickstart-fork: the same with children, of which one exits in its listener", async () => {
    const stdout = await run("quickstart-fork");
    expectInOrder(stdout, [
      /Child 1 answers: Hello Ada, this is process \d+, thread 0\.$/,
      /Child 2 answers: Hello Grace, this is process \d+, thread 0\.$/,
      /Child 1 answers: 8$/,
      /ERR_PEER_DIED, executed: maybe, exit code: 3$/,
      /ERR_PEER_DIED, executed: no$/,
      /Child 1 answers: Hello Alan/,
      /everything ends by itself\.$/,
    ]);
    const [ada, grace, alan] = matches(stdout, /this is process (\d+)/g);
    expect(grace).to.not.equal(ada);
    expect(alan).to.equal(ada);
  });

  it("quickstart-threads: the same with threads, of which one is terminated", async () => {
    const stdout = await run("quickstart-threads");
    expectInOrder(stdout, [
      /Thread 1 answers: Hello Ada, this is process \d+, thread 1\.$/,
      /Thread 2 answers: Hello Grace, this is process \d+, thread 2\.$/,
      /Thread 1 answers: 8$/,
      /ERR_PEER_DIED, executed: maybe, exit code: 1$/,
      /ERR_PEER_DIED, executed: no$/,
      /Thread 1 answers: Hello Alan, this is process \d+, thread 1\.$/,
      /everything ends by itself\.$/,
    ]);
    expect(new Set(matches(stdout, /this is process (\d+)/g)).size).to.equal(1);
  });

  it("socket-handoff: one address always reaches the same worker", async () => {
    const stdout = await run("socket-handoff");
    const rows = [...stdout.matchAll(/^(127\.0\.0\.\d) +(worker \d(?: +worker \d)*)$/gm)];
    expect(rows.map(([, client]) => client)).to.deep.equal(
      [2, 3, 4, 5, 6, 7].map((last) => `127.0.0.${last}`),
    );
    const workers = rows.map(([, , answers]) => answers?.split(/ {2,}/) ?? []);
    for (const answers of workers) {
      expect(answers).to.have.length(4);
      expect(new Set(answers).size, stdout).to.equal(1);
    }
    expect(new Set(workers.flat())).to.have.keys("worker 1", "worker 2", "worker 3");
  });

  it("rolling-restart: no request fails, and no message is lost", async () => {
    const stdout = await run("rolling-restart");
    expectInOrder(stdout, [
      /^Worker 1 has served \d+ requests and is gone; worker 4 serves\.$/,
      /^Worker 3 has served \d+ requests and is gone; worker 6 serves\.$/,
      /^6 processes have answered \d+ requests, 0 have failed\.$/,
      /^No request has failed, and no message was lost\.$/,
    ]);
    const [answered] = matches(stdout, /answered (\d+) requests/g);
    const [served] = matches(stdout, /have served (\d+), and/g);
    const [told] = matches(stdout, /told of (\d+)\./g);
    expect([served, told]).to.deep.equal([answered, answered]);
  });

  it("config-reload: all acknowledge, or are named; who was late catches up", async () => {
    const stdout = await run("config-reload");
    const [, first, second, third] = stdout.split(/^The file has changed.*\n/m);
    for (const version of [first, third]) {
      expect(matches(version, /worker (\d) has acknowledged it/g).sort()).to.deep.equal([
        "1",
        "2",
        "3",
      ]);
      expect(version).to.not.contain("has not");
    }
    expect(matches(second, /worker (\d) has acknowledged it/g).sort()).to.deep.equal(["1", "2"]);
    expectInOrder(stdout, [
      /^The file has changed: version 1\.$/,
      /^The file has changed: version 2\.$/,
      /^ {2}worker 3 has not: ERR_ACK_TIMEOUT, executed: maybe$/,
      /^ {2}worker 3 answers again, and has version 2 now$/,
      /^The file has changed: version 3\.$/,
      /^Late in all: worker 3, version 2\.$/,
    ]);
  });

  it("shared-rate-limit: all workers together pass no more than the limit", async () => {
    const stdout = await run("shared-rate-limit");
    expectInOrder(stdout, [
      /^127\.0\.0\.2: 60 requests, 20 passed, 40 refused$/,
      /^127\.0\.0\.3: 60 requests, 20 passed, 40 refused$/,
      /^No client passed more often than 20 times/,
    ]);
    const passed = matches(stdout, /worker \d let (\d+) pass/g).map(Number);
    expect(passed).to.have.length(6);
    for (const client of [passed.slice(0, 3), passed.slice(3)]) {
      expect(client.reduce((sum, count) => sum + count)).to.equal(20);
    }
    // A worker that has spoken to the primary before is faster with the first client.
    expect(passed.slice(3).filter((count) => count > 0).length, stdout).to.be.greaterThan(1);
  });

  it("metrics: one text for all, in which no counter falls whatever becomes of the workers", async () => {
    const stdout = await run("metrics");
    expectInOrder(stdout, [
      /^8 workers count jobs; worker 8 has no metrics\.$/,
      /^Worker 1 is killed\. What it has counted stays\.$/,
      /^Worker 2 is stopped\. It is waited for once, and its last values count\.$/,
      /^ {2}jobs_total \d+ of workers: \d answered, [1-6] stale, 1 missing/,
      /^Worker 9 is forked\. It is not waited for\.$/,
      /^Worker 2 goes on\.$/,
      /^Worker 3 is asked for the metrics of all, and has the same\.$/,
      /^No counter has fallen\. The slowest scrape took \d+ ms\.$/,
    ]);
    const scrapes = [...stdout.matchAll(/total (\d+) of .*: (\d) answered, (\d) stale, (\d) mis/g)];
    const jobs = scrapes.map(([, count]) => Number(count));
    expect(jobs).to.deep.equal(jobs.toSorted((one, other) => one - other));
    expect(jobs.at(-1)).to.be.above(0);
    const workers = scrapes.map(([, , ...states]) => states.map(Number).reduce((a, b) => a + b));
    expect(workers).to.deep.equal([8, 7, 7, 7, 8, 8, 8]);
  });

  it("thumbnails: nothing is lost when workers are killed, and a picture shows who did what", async () => {
    const stdout = await run("thumbnails");
    for (const [group, output] of Object.entries({
      threads: stdout.split(/^40 thumbnails over 4 children:$/m)[0] ?? "",
      children: stdout.split(/^40 thumbnails over 4 children:$/m)[1] ?? "",
    })) {
      expectInOrder(output, [
        /^ {2}10 are made, \d+ wait$/,
        /^ {2}(thread|child):\d+ is killed over its work$/,
        /^ {2}20 are made, \d+ wait$/,
        /^ {2}(thread|child):\d+ is killed over its work$/,
        /^ {2}40 are made, 0 wait$/,
        /^ {2}(thread|process) \d+ +[·█▒]{60} \d+$/,
        /^All 40 are there, and who made them is in /,
      ]);
      const made = matches(output, /^ {2}(?:thread|process) \d+ .* (\d+)$/gm).map(Number);
      expect(made.length).to.be.within(4, 6);
      expect(made.reduce((sum, each) => sum + each)).to.equal(40);
      const [file = ""] = matches(output, /who made them is in (.*)$/gm);
      expect(file.endsWith(`${group}.svg`)).to.equal(true);
      const svg = readFileSync(file, "utf8");
      expect(new Set(matches(svg, /<title>photo (\d+)<\/title>/g)).size).to.equal(40);
      rmSync(file);
      if (readdirSync(dirname(file)).length === 0) rmSync(dirname(file), { recursive: true });
    }
  });

  it("middleware: refuses bad data, and keeps one trace id for an order and all it causes", async () => {
    const stdout = await run("middleware");
    expectInOrder(stdout, [
      /^ {2}warehouse: "take" took \d+\.\d ms, trace/,
      /^ {2}shop: "take" was answered after \d+\.\d ms, trace/,
      /^ {2}shop: "order" took \d+\.\d ms, trace/,
      /^ {2}warehouse: "order" was answered after \d+\.\d ms, trace/,
      /^The reply: 3 pieces of tea; 97 are left$/,
      /^ {2}shop: "order" took \d+\.\d ms, trace/,
      /^ {2}warehouse: "order" was answered after \d+\.\d ms, trace/,
      /^ERR_REFUSED, executed: no, \w+:\d+: the inbound "order" was refused: its data is not valid$/,
    ]);
    const traces = matches(stdout, /trace ([0-9a-f]{8})$/gm);
    const [order, , , , badOrder] = traces;
    expect(traces).to.deep.equal([order, order, order, order, badOrder, badOrder]);
    expect(badOrder).to.not.equal(order);
  });

  it("are all tested here", () => {
    const files = readdirSync(folder).filter(
      (file) => file.endsWith(extension) && !file.endsWith(".d.ts"),
    );
    expect(files.map((file) => file.slice(0, -3))).to.have.members([...hasRun]);
  });
});

const hasRun = new Set<string>();

/**
 * Runs an example as a user would, and returns what it printed once it has ended well. Its workers
 * write to the same pipes, which end only when none of them is left: an orphan counts as a hang.
 */
function run(name: string): Promise<string> {
  hasRun.add(name);
  const file = fileURLToPath(new URL(name + extension, folder));
  const child = spawn(process.execPath, [file], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // In a process group of its own, so that its workers can be ended with it.
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    const guard = setTimeout(() => {
      if (child.pid) process.kill(-child.pid, "SIGKILL");
      reject(new Error(`${name} hangs; so far it has printed:\n${stdout}\n${stderr}`));
    }, HANG);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(guard);
      if (code === 0 && stderr.replace(SILENCE, "") === "") resolve(stdout);
      else reject(new Error(`${name} ended with ${signal ?? code}:\n${stdout}\n${stderr}`));
    });
  });
}

/** Each pattern must match a line of its own, after the line of the pattern before. */
function expectInOrder(stdout: string, patterns: readonly RegExp[]): void {
  const lines = stdout.split("\n");
  let from = 0;
  for (const pattern of patterns) {
    const at = lines.findIndex((line, index) => index >= from && pattern.test(line));
    if (at === -1) expect.fail(`from line ${from + 1} on, ${pattern} matches none of:\n${stdout}`);
    from = at + 1;
  }
}

/** What the first group of a global pattern matches, each time. */
function matches(text: string | undefined, pattern: RegExp): (string | undefined)[] {
  return [...(text ?? "").matchAll(pattern)].map(([, group]) => group);
}
