// A pool that computes: 40 thumbnails over four threads, then over four processes. Workers are killed meanwhile and
// replaced, nothing is lost, and a picture shows who did what.
// Run it with: npm run build && node dist/examples/thumbnails.js
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { type Any, bus, type NoEvents } from "clusterphone";
import { bars, svg } from "./thumbnails/chart.ts";
import type { Thumbnail, WorkerEvents } from "./thumbnails/worker.ts";

const WORKERS = 4;
const PHOTOS = 40;
/** After so many thumbnails somebody is killed in the midst of one. */
const KILLS = [10, 25];

const app = bus.ns<NoEvents, WorkerEvents>("thumbnails");
const entry = new URL(`./thumbnails/worker${import.meta.url.slice(-3)}`, import.meta.url);

type Started = Worker | ChildProcess;

/** The pool: so many workers, of which each that ends is replaced, and whichever is free gets the next job. */
class Pool {
  readonly jobs: Any<WorkerEvents>;
  readonly #start: () => Started;
  #isOpen = true;

  constructor(group: "threads" | "children", size: number, start: () => Started) {
    this.jobs = app.any(group, { concurrency: 1 });
    this.#start = start;
    for (let count = 0; count < size; count++) this.#add();
  }

  #add(): void {
    const worker = this.#start();
    app.to(worker); // From now on it is a member of its group.
    worker.once("exit", () => this.#isOpen && this.#add());
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    for (const { target } of this.jobs.peers) await end(target as Started);
  }
}

async function end(worker: Started): Promise<void> {
  if (worker instanceof Worker) await worker.terminate();
  else worker.kill("SIGKILL");
}

async function makeAll(pool: Pool): Promise<Thumbnail[]> {
  const kills = [...KILLS];
  let done = 0;
  const make = async (photo: number): Promise<Thumbnail> => {
    // It may be made twice, so another worker makes it if one dies over it. It may wait as long as it takes.
    const options = { idempotent: true, timeout: Infinity };
    const thumbnail = await pool.jobs.emit("thumbnail", photo, options).ackd();
    done++;
    if (done % 10 === 0) console.log(`  ${done} are made, ${pool.jobs.waiting} wait`);
    if (done === kills[0]) {
      kills.shift();
      const busy = pool.jobs.peers.find(({ inFlight }) => inFlight > 0);
      console.log(`  ${busy?.id} is killed over its work`);
      await end(busy?.target as Started);
    }
    return thumbnail;
  };
  return Promise.all(Array.from({ length: PHOTOS }, (_, photo) => make(photo)));
}

const folder = await mkdtemp(join(tmpdir(), "thumbnails-"));
const pools = {
  threads: () => new Worker(entry),
  children: () => fork(fileURLToPath(entry)),
};
for (const group of ["threads", "children"] as const) {
  console.log(`${PHOTOS} thumbnails over ${WORKERS} ${group}:`);
  const pool = new Pool(group, WORKERS, pools[group]);
  const thumbnails = await makeAll(pool);
  await pool.close();
  assert.deepEqual(
    thumbnails.map(({ photo }) => photo),
    Array.from({ length: PHOTOS }, (_, photo) => photo),
  );
  console.log(bars(thumbnails));
  const file = join(folder, `${group}.svg`);
  await writeFile(file, svg(`${PHOTOS} thumbnails over ${group}`, thumbnails));
  console.log(`All ${PHOTOS} are there, and who made them is in ${file}`);
}
await bus.close();
