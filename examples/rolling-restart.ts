// Every worker is replaced while HTTP requests come in: none fails, and no message is lost.
// Run it with: npm run build && node dist/examples/rolling-restart.js
import assert from "node:assert/strict";
import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { createServer, get, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { bus } from "clusterphone";

/** What the primary listens to. */
interface PrimaryEvents {
  served(worker: number): void;
}

/** What a worker listens to. */
interface WorkerEvents {
  /** Stop, when all that was begun is done. Answers how many requests were served. */
  drain(): number;
}

const WORKERS = 3;
/** Requests under way at a time. */
const CLIENTS = 8;

if (cluster.isPrimary) await primary();
else worker();

function worker(): void {
  const app = bus.ns<WorkerEvents, PrimaryEvents>("rolling");
  let served = 0;

  const server = createServer((_request, response) => {
    void serve(response);
  });

  async function serve(response: ServerResponse): Promise<void> {
    await wait(5); // There is something to do for it.
    served++;
    app.to("parent").emit("served", process.pid); // Nobody waits for it, and still it must not be lost.
    response.end(`${process.pid}`);
  }

  server.listen(0, "127.0.0.1", () => app.ready());

  app.on("drain", async () => {
    server.close(); // Takes no more connections, and ends those that idle.
    await once(server, "close");
    setImmediate(() => void leave()); // After the answer below.
    return served;
  });
}

/** What was accepted is answered, what was emitted is sent; then the channel can go, and the process with it. */
async function leave(): Promise<void> {
  await bus.close();
  cluster.worker?.disconnect();
}

async function primary(): Promise<void> {
  const app = bus.ns<PrimaryEvents, WorkerEvents>("rolling");
  let told = 0;
  app.on("served", () => {
    told++;
  });

  let workers = Array.from({ length: WORKERS }, () => cluster.fork());
  const [address] = await Promise.all(workers.map(listening));
  const load = startLoad(address?.port ?? 0);
  console.log(`${WORKERS} workers serve, ${CLIENTS} clients ask without a pause.`);

  let drained = 0;
  for (const old of workers) {
    const successor = cluster.fork();
    await listening(successor);
    const served = await app.to(old).emit("drain").ackd();
    await once(old, "exit");
    drained += served;
    workers = [...workers.filter((each) => each !== old), successor];
    console.log(
      `Worker ${old.id} has served ${served} requests and is gone; worker ${successor.id} serves.`,
    );
  }

  const { answered, failed, servers } = await load.stop();
  const gone = Promise.all(workers.map((last) => once(last, "exit")));
  for (const { value = 0 } of await app.all("workers").emit("drain").ackd()) drained += value;
  await gone;
  console.log(
    `${servers.size} processes have answered ${answered} requests, ${failed} have failed.`,
  );
  console.log(`The workers have served ${drained}, and have told of ${told}.`);

  assert.equal(failed, 0);
  assert.equal(servers.size, WORKERS * 2);
  assert.equal(drained, answered);
  assert.equal(told, answered);
  console.log("No request has failed, and no message was lost.");
  await bus.close();
}

async function listening(worker: Worker): Promise<AddressInfo> {
  const [address] = await once(worker, "listening");
  return address as AddressInfo;
}

interface Load {
  readonly answered: number;
  readonly failed: number;
  readonly servers: ReadonlySet<string>;
}

/** Asks, with some clients at a time, until it is told to stop. */
function startLoad(port: number): { stop(): Promise<Load> } {
  const servers = new Set<string>();
  let [answered, failed, goesOn] = [0, 0, true];
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (goesOn) {
      try {
        servers.add(await ask(port));
        answered++;
      } catch {
        failed++;
      }
    }
  });
  return {
    async stop() {
      // Until the last successor has answered too.
      while (servers.size < WORKERS * 2) await wait(5);
      goesOn = false;
      await Promise.all(clients);
      return { answered, failed, servers };
    },
  };
}

async function ask(port: number): Promise<string> {
  const request = get({ host: "127.0.0.1", port, agent: false });
  const [response] = await once(request, "response");
  return text(response);
}
