// One rate limit for all workers: they serve HTTP on one port, and ask the primary about each
// request whether its client may pass. So a client has its limit once, not once a worker.
// Run it with: npm run build && node dist/examples/shared-rate-limit.js
import assert from "node:assert/strict";
import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { bus } from "clusterphone";

/** What the primary listens to. */
interface PrimaryEvents {
  mayPass(client: string): boolean;
}

interface Answer {
  readonly status: number | undefined;
  readonly worker: string;
}

/** Requests that each client may make in a minute. */
const LIMIT = 20;

const app = bus.ns<PrimaryEvents>("rate-limit");

if (cluster.isPrimary) await primary();
else worker();

function worker(): void {
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  server.listen(0, "127.0.0.1");
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const client = request.socket.remoteAddress ?? "unknown";
  try {
    const mayPass = await app.to("parent").emit("mayPass", client).within(2000).ackd();
    response.statusCode = mayPass ? 200 : 429;
  } catch {
    response.statusCode = 503; // Without an answer nobody passes.
  }
  response.end(`worker ${cluster.worker?.id}`);
}

async function primary(): Promise<void> {
  // The one place where requests are counted.
  const counts = new Map<string, number>();
  setInterval(() => counts.clear(), 60_000).unref();
  app.on("mayPass", (client) => {
    const count = (counts.get(client) ?? 0) + 1;
    counts.set(client, count);
    return count <= LIMIT;
  });

  const workers = [cluster.fork(), cluster.fork(), cluster.fork()];
  const addresses = await Promise.all(workers.map(listening));
  const port = addresses[0]?.port ?? 0; // They share it.
  console.log(`Three workers serve HTTP; each client may make ${LIMIT} requests a minute.`);

  for (const client of ["127.0.0.2", "127.0.0.3"]) {
    const requests = Array.from({ length: 60 }, () => ask(port, client));
    const answers = await Promise.all(requests);
    const passed = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    console.log(`${client}: 60 requests, ${passed.length} passed, ${refused.length} refused`);
    for (const name of ["worker 1", "worker 2", "worker 3"]) {
      const here = passed.filter((answer) => answer.worker === name).length;
      console.log(`  ${name} let ${here} pass`);
    }
    assert.equal(passed.length, LIMIT);
    assert.equal(refused.length, 60 - LIMIT);
  }
  console.log(`No client passed more often than ${LIMIT} times, whatever worker it met.`);

  await bus.close();
  cluster.disconnect();
}

/** Where a worker listens, as soon as it does. */
async function listening(worker: Worker): Promise<AddressInfo> {
  const [address] = (await once(worker, "listening")) as [AddressInfo];
  return address;
}

/** Asks from one of the many addresses of the loopback interface; macOS has only the first. */
async function ask(port: number, localAddress: string): Promise<Answer> {
  const request = get({ port, host: "127.0.0.1", localAddress, agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return { status: response.statusCode, worker: await text(response) };
}
