import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { median } from "./crew.ts";

const TRIALS = 5;
const PACKAGES = ["prom-client@15", "socket.io@4", "@socket.io/cluster-adapter@0.3"];

/** As `deaths.ts` does it: one of eight is stopped, all are asked, and that one is killed. */
const primary = (before: string, ask: string) => `
import cluster from "node:cluster";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
${before}
cluster.setupPrimary({ exec: new URL("./worker.mjs", import.meta.url).pathname, args: [process.argv[2]] });
const start = async () => {
  const worker = cluster.fork();
  await once(worker, "message");
  return worker;
};
await Promise.all(Array.from({ length: 8 }, start));
const trials = [];
for (let trial = 0; trial < ${TRIALS}; trial++) {
  const [asking, victim] = Object.values(cluster.workers);
  victim.process.kill("SIGSTOP");
  const answered = (${ask})(asking).then(() => "all answered", (error) => error.message);
  await sleep(50);
  const begun = performance.now();
  victim.process.kill("SIGKILL");
  const said = await answered;
  trials.push({ milliseconds: performance.now() - begun, said });
  await start();
}
console.log(JSON.stringify(trials));
process.exit();
`;

const FILES: Readonly<Record<string, string>> = {
  "package.json": '{ "private": true, "type": "module" }',
  "prom-client.mjs": primary(
    'import prom from "prom-client"; const registry = new prom.AggregatorRegistry();',
    "() => registry.clusterMetrics()",
  ),
  "cluster-adapter.mjs": primary(
    'import { setupPrimary } from "@socket.io/cluster-adapter"; setupPrimary();',
    `async (worker) => {
      worker.send("ask");
      for (;;) {
        const [message] = await once(worker, "message");
        if (message.isAnswer && message.error) throw new Error(message.error);
        if (message.isAnswer) return;
      }
    }`,
  ),
  "worker.mjs": `
if (process.argv[2] === "prom-client") {
  const { default: prom } = await import("prom-client");
  new prom.AggregatorRegistry();
  prom.collectDefaultMetrics();
} else {
  const { Server } = await import("socket.io");
  const { createAdapter } = await import("@socket.io/cluster-adapter");
  const io = new Server();
  io.adapter(createAdapter());
  io.on("who", (done) => done(process.pid));
  process.on("message", (message) => {
    if (message !== "ask") return;
    io.serverSideEmit("who", (error) => process.send({ isAnswer: true, error: error?.message }));
  });
}
process.send("ready");
setInterval(() => {}, 1000);
`,
};

interface Trial {
  readonly milliseconds: number;
  readonly said: string;
}

/** How long others wait for one that has died, in words: what they do is not judged, but has to be seen. */
export async function compareDeaths(): Promise<string> {
  const run = promisify(execFile);
  const folder = mkdtempSync(join(tmpdir(), "clusterphone-neighbours-"));
  try {
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
    const options = ["--prefer-offline", "--no-audit", "--no-fund"];
    await run("npm", ["install", ...options, ...PACKAGES], { cwd: folder });
    const said: string[] = [];
    for (const name of ["prom-client", "cluster-adapter"]) {
      const { stdout } = await run(process.execPath, [`${name}.mjs`, name], { cwd: folder });
      const trials = JSON.parse(stdout) as Trial[];
      const time = median(trials.map(({ milliseconds }) => milliseconds));
      said.push(`${name}: after ${time.toFixed(0)} ms, "${trials[0]?.said}"`);
    }
    return said.join("; ");
  } finally {
    rmSync(folder, { recursive: true });
  }
}
