// Configuration without a restart: when the file changes, every worker acknowledges the new
// configuration within half a second, or is named as one that did not.
// Run it with: npm run build && node dist/examples/config-reload.js
import assert from "node:assert/strict";
import cluster from "node:cluster";
import { on } from "node:events";
import { watch } from "node:fs";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bus, type Peer } from "clusterphone";

interface Config {
  readonly version: number;
  /** The worker that has to think long about this configuration, if any. */
  readonly slowWorker?: number;
}

/** What a worker listens to. */
interface WorkerEvents {
  configure(config: Config): void;
  version(): number;
}

const app = bus.ns<WorkerEvents>("config");

if (cluster.isPrimary) await primary();
else worker();

function worker(): void {
  let version = 0;
  app.on("configure", (config) => {
    if (config.slowWorker === cluster.worker?.id) blockEventLoop(1500);
    version = config.version;
  });
  app.on("version", () => version);
}

async function primary(): Promise<void> {
  for (let count = 0; count < 3; count++) cluster.fork();
  // Who is still starting is not late: the first question has the usual ten seconds.
  const first = await app.all("workers").emit("version").ackd();
  assert.ok(first.every(({ status }) => status === "fulfilled"));
  console.log("Three workers are up. The configuration file is watched.");

  const folder = await mkdtemp(join(tmpdir(), "config-reload-"));
  const watcher = watch(folder);
  const changes = on(watcher, "change") as AsyncIterable<[kind: string, file: string]>;

  // Somebody saves the file three times. Worker 3 has a hard time with the second version.
  await save(folder, { version: 1 });
  const edits: Config[] = [{ version: 2, slowWorker: 3 }, { version: 3 }];

  let version = 0;
  const lateInAll: string[] = [];
  for await (const [, file] of changes) {
    if (file !== "config.json") continue;
    const config = JSON.parse(await readFile(join(folder, file), "utf8")) as Config;
    if (config.version === version) continue; // fs.watch may tell of one change twice.
    version = config.version;

    console.log(`The file has changed: version ${version}.`);
    const late = await distribute(config);
    for (const peer of late) {
      // "maybe" means that it may still happen, so ask; the answer comes when it can.
      const caughtUp = await app.to(peer).emit("version").ackd();
      console.log(`  ${nameOf(peer)} answers again, and has version ${caughtUp} now`);
      assert.equal(caughtUp, version);
      lateInAll.push(`${nameOf(peer)}, version ${version}`);
    }

    const edit = edits.shift();
    if (!edit) break;
    await save(folder, edit);
  }

  console.log(`Late in all: ${lateInAll.join("; ")}.`);
  assert.deepEqual(lateInAll, ["worker 3, version 2"]);
  watcher.close();
  await rm(folder, { recursive: true });
  await bus.close();
  cluster.disconnect();
}

/** Gives a configuration to all workers at once, and returns those that did not acknowledge it. */
async function distribute(config: Config): Promise<Peer[]> {
  const late: Peer[] = [];
  // Each outcome is told when it is known; nobody waits for the slowest to hear of the others.
  for await (const { peer, reason } of app.all("workers").emit("configure", config).within(500)) {
    if (!reason) {
      console.log(`  ${nameOf(peer)} has acknowledged it`);
    } else {
      console.log(`  ${nameOf(peer)} has not: ${reason.code}, executed: ${reason.executed}`);
      late.push(peer);
    }
  }
  return late;
}

/** A worker by its number, as Node counts them: "worker 3". */
function nameOf(peer: Peer): string {
  return peer.id.replace(":", " ");
}

/** Replaces the file in one step, so that nobody reads half of it. */
async function save(folder: string, config: Config): Promise<void> {
  await writeFile(join(folder, "config.new"), JSON.stringify(config));
  await rename(join(folder, "config.new"), join(folder, "config.json"));
}

/** What a worker should not do. */
function blockEventLoop(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
