// Orders over NATS, between two machines: web processes hand them to whichever instance of a service is free. The server is
// killed and started again, the cable between the machines is cut, and an instance is killed, while orders go on: none
// is lost, and none is done twice. Where it is run by root the machines are network namespaces; else they are two trees of
// processes, without a cable.
// Run it with: npm run build && node dist/examples/orders.js
// It needs a nats-server; on Debian: apt-get install nats-server
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type BusError, bus, type NoEvents } from "clusterphone";
import { join, type Member } from "clusterphone/nats";
import { Network } from "./orders/network.ts";
import type { OrderEvents } from "./orders/service.ts";
import type { Report, WebEvents } from "./orders/web.ts";

const INSTANCES = { eu: ["eu-1", "eu-2"], us: ["us-1"] };
const WEBS = { eu: ["web-eu"], us: ["web-us"] };
const ALL = [...INSTANCES.eu, ...INSTANCES.us, ...WEBS.eu, ...WEBS.us];

// However it ends, it ends what it has started.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const [id] = process.argv.slice(2);
if (id) await show(new Network(id));
else await main();

/** Enters the first of two machines, where there can be any. */
async function main(): Promise<void> {
  if (spawnSync("nats-server", ["--version"]).error) {
    console.log("This example needs a nats-server. On Debian: apt-get install nats-server");
    return;
  }
  const network = new Network(`${process.pid}`);
  if (!network.build()) return await show();
  const [enter = "", ...parameters] = network.enter("eu");
  const here = [process.execPath, fileURLToPath(import.meta.url), `${process.pid}`];
  const inside = spawn(enter, [...parameters, ...here], { stdio: "inherit" });
  process.once("exit", () => {
    inside.kill();
    network.remove();
  });
  [process.exitCode] = (await once(inside, "exit")) as [number];
}

async function show(network?: Network): Promise<void> {
  const folder = mkdtempSync(joinPath(tmpdir(), "orders-"));
  const address = network?.address("eu") ?? "127.0.0.1";
  const port = await freePort(address);
  const url = `nats://${address}:${port}`;
  const bookOf = (name: string) => joinPath(folder, name);
  for (const name of ALL) writeFileSync(bookOf(name), "");
  const member = (file: string, name: string) => [fileOf(file), url, name, bookOf(name)];
  const membersOf = (place: "eu" | "us") => [
    ...INSTANCES[place].map((name) => member("service", name)),
    ...WEBS[place].map((name) => member("web", name)),
  ];

  console.log(
    "1. Two machines, with three instances of a service, and two web processes that order.",
  );
  const how = network ? "network namespaces" : "two trees of processes, as only root may have more";
  console.log(`   They are ${how}.`);
  let server = startServer(address, port);
  const eu = startMachine(membersOf("eu"));
  const us = startMachine(membersOf("us"), network?.enter("us"));
  process.once("exit", () => {
    for (const each of [eu, us, server]) each.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });
  const shop = bus.ns<NoEvents, WebEvents & OrderEvents>("shop");
  const mesh = await join(bus, { name: "watcher", servers: url });
  const gone: string[] = [];
  mesh.on("leave", ({ instance }, reason) => gone.push(`${instance} ${reason}`));
  while (mesh.members.length < ALL.length) await once(mesh as never, "join");
  const names = mesh.members.map((each) => `${each.name}/${each.instance}`);
  console.log(`   The mesh: ${names.toSorted().join(", ")}.`);

  async function reports(): Promise<Report[]> {
    const webs = mesh.members.filter(({ name }) => name === "web");
    const asked = webs.map(({ peer }) => shop.to(peer).emit("report").within(30_000).ackd());
    return await Promise.all(asked);
  }
  /** Resolves when each web process has placed so many more. */
  async function ordered(more: number): Promise<void> {
    const first = await reports();
    const isDone = ({ confirmed }: Report, index: number) =>
      confirmed >= (first[index]?.confirmed ?? 0) + more;
    while (!(await reports()).every(isDone)) await wait(50);
  }

  await ordered(200);
  console.log("2. The server is killed, and started again half a second later.");
  server.kill("SIGKILL");
  await once(server, "exit");
  await wait(500);
  server = startServer(address, port);
  await ordered(200);
  assert.deepEqual(gone, []);
  console.log("   Orders go on, and nobody was taken for gone.");

  if (network) {
    console.log("3. The cable between the machines is cut for two seconds.");
    network.cut();
    await wait(2000);
    network.mend();
    await ordered(200);
    assert.deepEqual(gone, []);
    console.log("   Orders go on, on either machine, and nobody was taken for gone.");
  } else {
    console.log("3. There is no cable between them, so it is not cut.");
  }

  console.log("4. An instance is killed.");
  const victim = mesh.members.find(({ instance }) => instance === "eu-2") as Member;
  process.kill(victim.pid, "SIGKILL");
  const told = once(mesh as never, "leave") as Promise<[Member, string]>;
  const order = { number: "one for eu-2 alone" };
  const failure = await shop.to(victim.peer).emit("place", order).ackd().catch(codes);
  const [lost, reason] = await told;
  console.log(`   ${lost.instance} ${reason}.`);
  console.log(`   An order for it alone has failed: ${failure}.`);
  await ordered(200);
  console.log("   The others do its work.");

  await shop.all("web").emit("stop").within(60_000).ackd();
  const [confirmed, open] = sum(await reports());
  const numbersIn = (name: string) => readFileSync(bookOf(name), "utf8").split("\n").slice(0, -1);
  const done = [...INSTANCES.eu, ...INSTANCES.us].flatMap(numbersIn);
  const placed = [...WEBS.eu, ...WEBS.us].flatMap(numbersIn);
  assert.equal(new Set(done).size, done.length, "an order was done twice");
  assert.equal(placed.length, confirmed);
  const books = new Set(done);
  for (const number of placed) assert.ok(books.has(number), `${number} was lost`);
  console.log(`5. ${confirmed} orders were confirmed. All of them stand in the books, each once.`);
  const found = open.filter((number) => books.has(number)).length;
  console.log(
    `   ${open.length} were under way to ${lost.instance} when it died: their errors say that they may have been done, and ${found} were.`,
  );

  await mesh.leave();
  await bus.close();
  // What it has started holds it otherwise.
  process.exit();
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(`./orders/${name}${import.meta.url.slice(-3)}`, import.meta.url));
}

/** A machine with these members. */
function startMachine(members: readonly string[][], enter: readonly string[] = []): ChildProcess {
  const machine = [fileOf("machine"), ...members.map((member) => JSON.stringify(member))];
  const [command = "", ...parameters] = [...enter, process.execPath, ...machine];
  return spawn(command, parameters, { stdio: ["pipe", "inherit", "inherit"] });
}

function startServer(address: string, port: number): ChildProcess {
  return spawn("nats-server", ["-a", address, "-p", `${port}`], { stdio: "ignore" });
}

async function freePort(address: string): Promise<number> {
  const probe = createServer().listen(0, address);
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  return port;
}

function codes(error: unknown): string {
  const { code, executed } = error as BusError;
  return `${code}, executed: ${executed}`;
}

function sum(reports: readonly Report[]): [confirmed: number, open: string[]] {
  const confirmed = reports.reduce((total, report) => total + report.confirmed, 0);
  return [confirmed, reports.flatMap(({ open }) => open)];
}
