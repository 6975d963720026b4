// Orders over NATS: web processes hand them to whichever instance of a service is free. An instance is killed, and the
// server is killed and started again, while orders go on: none is lost, and none is done twice.
// Run it with: npm run build && node dist/examples/orders.js
// It needs a nats-server; on Debian: apt-get install nats-server
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { bus } from "clusterphone";
import { join } from "clusterphone/nats";

/** What the service listens to. */
interface OrderEvents {
  /** Answers with the number of the order. */
  place(order: { readonly number: string }): string;
}

/** What the web processes listen to. */
interface WebEvents {
  /** How many orders it has placed, and how often one had to be asked again. */
  report(): { readonly placed: number; readonly again: number };
  stop(): void;
}

const INSTANCES = ["eu-1", "eu-2", "us-1"];
const WEBS = ["web-1", "web-2"];
/** Orders under way at a time, of each web process. */
const CUSTOMERS = 10;

const [role, servers = "", instance = "", book = ""] = process.argv.slice(2);
if (role === "orders") await orders();
else if (role === "web") await web();
else await main();

/** An instance of the service: it writes each order into its book, and does one at a time. */
async function orders(): Promise<void> {
  const app = bus.ns<OrderEvents>("shop");
  app.on("place", async ({ number }) => {
    await wait(2); // There is something to do for it.
    appendFileSync(book, `${number}\n`);
    return number;
  });
  await join(bus, { name: "orders", instance, servers });
}

/** A web process: its customers order all the time. */
async function web(): Promise<void> {
  const shop = bus.ns<WebEvents, OrderEvents>("shop");
  let [placed, again, last] = [0, 0, 0];
  let isOpen = true;
  const service = shop.any("orders", { concurrency: 8 });

  async function customer(): Promise<void> {
    while (isOpen) {
      const number = `${instance}/${++last}`;
      for (let isPlaced = false; !isPlaced; ) {
        try {
          await service.emit("place", { number }).within(30_000).ackd();
          isPlaced = true;
          placed++;
          appendFileSync(book, `${number}\n`); // It was confirmed.
        } catch (error) {
          // Whether it was done is known to nobody while an instance dies over it. The books tell, see below.
          const { executed } = error as { executed?: string };
          if (executed === "maybe") break;
          again++;
        }
      }
    }
  }

  const customers = Array.from({ length: CUSTOMERS }, customer);
  shop.on("report", () => ({ placed, again }));
  shop.on("stop", async () => {
    isOpen = false;
    await Promise.all(customers);
  });
  await join(bus, { name: "web", instance, servers });
}

async function main(): Promise<void> {
  if (spawnSync("nats-server", ["--version"]).error) {
    console.log("This example needs a nats-server. On Debian: apt-get install nats-server");
    return;
  }
  const folder = mkdtempSync(joinPath(tmpdir(), "orders-"));
  const port = await freePort();
  const url = `nats://127.0.0.1:${port}`;
  let server = startServer(port);
  const processes = new Map<string, ChildProcess>();
  const bookOf = (name: string) => joinPath(folder, name);
  const start = (part: string, name: string) => {
    writeFileSync(bookOf(name), "");
    const parameters = [fileURLToPath(import.meta.url), part, url, name, bookOf(name)];
    processes.set(name, spawn(process.execPath, parameters, { stdio: "inherit" }));
  };

  console.log("1. A server, three instances of the service, and two web processes that order.");
  for (const name of INSTANCES) start("orders", name);
  for (const name of WEBS) start("web", name);
  const shop = bus.ns<OrderEvents, WebEvents>("shop");
  const mesh = await join(bus, { name: "watcher", servers: url });
  while (mesh.members.length < INSTANCES.length + WEBS.length) await once(mesh as never, "join");
  const members = mesh.members.map((each) => `${each.name}/${each.instance}`);
  console.log(`   The mesh: ${members.toSorted().join(", ")}.`);

  /** Resolves when each web process has placed so many more. */
  async function ordered(more: number): Promise<number> {
    const first = await placed();
    for (;;) {
      const now = await placed();
      if (now.every((count, index) => count >= (first[index] ?? 0) + more)) return sum(now);
      await wait(50);
    }
  }
  async function placed(): Promise<number[]> {
    const webs = mesh.members.filter(({ name }) => name === "web");
    const reports = webs.map(({ peer }) => shop.to(peer).emit("report").within(30_000).ackd());
    return (await Promise.all(reports)).map((report) => report.placed);
  }

  await ordered(200);
  console.log("2. The server is killed, and started again half a second later.");
  server.kill("SIGKILL");
  await once(server, "exit");
  await wait(500);
  server = startServer(port);
  await ordered(200);
  console.log("   Orders go on, and nobody was taken for gone.");

  console.log("3. An instance is killed.");
  processes.get("eu-2")?.kill("SIGKILL");
  const [member, reason] = (await once(mesh as never, "leave")) as [{ instance: string }, string];
  console.log(`   ${member.instance} ${reason}.`);
  await ordered(200);
  console.log("   The others do its work.");

  await shop.all("web").emit("stop").within(60_000).ackd();
  const total = sum(await placed());
  const numbersIn = (name: string) => readFileSync(bookOf(name), "utf8").split("\n").slice(0, -1);
  const done = INSTANCES.flatMap(numbersIn);
  const confirmed = WEBS.flatMap(numbersIn);
  assert.equal(new Set(done).size, done.length, "an order was done twice");
  assert.equal(confirmed.length, total);
  for (const number of confirmed) assert.ok(done.includes(number), `${number} was lost`);
  console.log("4. All orders that were confirmed stand in the books, each once.");

  await mesh.leave();
  await bus.close();
  for (const each of processes.values()) each.kill("SIGKILL");
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true });
}

function startServer(port: number): ChildProcess {
  return spawn("nats-server", ["-a", "127.0.0.1", "-p", `${port}`], { stdio: "ignore" });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  return port;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
