import type { ChildProcess } from "node:child_process";
import cluster, { type Worker as ClusterWorker } from "node:cluster";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import { bus } from "../../lib/index.ts";
import { endAll, entryOf, start } from "../support/processes.ts";

const workers = new Set<ClusterWorker>();

function forkWorker(serialization: "json" | "advanced" = "json"): ClusterWorker {
  cluster.setupPrimary({ exec: entryOf("many"), args: [], execArgv: [], serialization });
  const worker = cluster.fork();
  workers.add(worker);
  worker.once("exit", () => workers.delete(worker));
  return worker;
}

async function endWorkers(): Promise<void> {
  const exits = [...workers].map((worker) => once(worker, "exit"));
  for (const worker of workers) worker.process.kill("SIGKILL");
  await Promise.all(exits);
}

/** Who answers what a client of the server gets; the server gives each connection away. */
async function serve(
  give: (socket: Socket) => void,
): Promise<{ ask(): Promise<string>; close(): Promise<void> }> {
  const server = createServer({ pauseOnConnect: true }, give).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    async ask() {
      const client = connect(port, "127.0.0.1");
      client.on("error", () => undefined);
      let text = "";
      client.on("data", (bytes) => {
        text += String(bytes);
      });
      await once(client, "close");
      return text;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

describe("many processes", () => {
  afterEach(async () => {
    await endAll();
    await endWorkers();
  });

  it("a member that is killed while all are asked costs its own outcome, and no time", async () => {
    const members = [forkWorker(), forkWorker(), forkWorker()];
    const group = bus.all(members);
    await Promise.all(members.map((worker) => bus.to(worker).ready()));
    const gathered = group.emit("hang").within(60_000).ackd();
    const answered = await group.emit("pid").ackd();
    expect(answered.map(({ value }) => value)).to.deep.equal(
      members.map((each) => each.process.pid),
    );
    const started = performance.now();
    for (const worker of members) worker.process.kill("SIGKILL");
    const outcomes = await gathered;
    expect(performance.now() - started).to.be.below(20_000);
    for (const [index, { peer, reason }] of outcomes.entries()) {
      expect(peer.target).to.equal(members[index]);
      expect(reason).to.include({ code: "ERR_PEER_DIED", executed: "maybe", signal: "SIGKILL" });
    }
  });

  it("a member that is stopped holds nobody up whose outcome is awaited as it comes", async () => {
    const children = [start("many"), start("many"), start("many")];
    await Promise.all(children.map((child) => bus.to(child).ready()));
    const [stopped] = children as [ChildProcess];
    stopped.kill("SIGSTOP");
    const seen: unknown[] = [];
    for await (const { value } of bus.all(children).emit("pid").within(60_000)) {
      seen.push(value);
      if (seen.length === 2) break;
    }
    expect(seen).to.have.members(children.slice(1).map(({ pid }) => pid));
    const late = await bus.all(children).emit("pid").within(100).ackd();
    expect(late.map(({ reason }) => reason?.code)).to.deep.equal([
      "ERR_ACK_TIMEOUT",
      undefined,
      undefined,
    ]);
    stopped.kill("SIGCONT");
    expect(await bus.to(stopped).emit("pid").ackd()).to.equal(stopped.pid);
  });

  it("who is forked while all are asked is asked the next time, and who is starting is asked", async () => {
    const first = forkWorker();
    const group = bus.all("workers");
    const gathered = group.emit("pid").ackd();
    const second = forkWorker();
    expect((await gathered).map(({ value }) => value)).to.deep.equal([first.process.pid]);
    const again = await group.emit("pid").ackd();
    expect(again.map(({ value }) => value)).to.deep.equal([first.process.pid, second.process.pid]);
  });

  it("children that were never spoken to are spoken to when any of them is", async () => {
    const [one, two] = [start("many"), start("many")];
    const any = bus.any([one, two], { concurrency: 1 });
    const pids = await Promise.all(Array.from({ length: 20 }, () => any.emit("slow").ackd()));
    const used = new Set(pids.map((each) => (each as [number])[0]));
    // One of them may be long up before the other; then both take part.
    const both = bus.any([two, one], { concurrency: 1 });
    while (used.size < 2) used.add(((await both.emit("slow").ackd()) as [number])[0]);
    expect(used).to.deep.equal(new Set([one.pid, two.pid]));
  });

  it("a thread and a child ask their parent as any of a list, and are found by name", async () => {
    bus.on("above", (pid) => `heard ${String(pid)}`);
    try {
      const child = start("many", [], { env: { ...process.env, BUS_NAME: "orders" } });
      const thread = new Worker(entryOf("many"), { env: { ...process.env, BUS_NAME: "orders" } });
      try {
        await bus.to(child).ready();
        await bus.to(thread).ready();
        const outcomes = await bus.all("orders").emit("ask-up").ackd();
        expect(outcomes.map(({ value }) => value)).to.deep.equal([
          `heard ${child.pid}`,
          `heard ${process.pid}`,
        ]);
        const names = await bus.all("orders").emit("names").ackd();
        expect(names.map(({ value }) => value)).to.deep.equal([
          [1, 1],
          [1, 1],
        ]);
      } finally {
        await thread.terminate();
      }
    } finally {
      bus.off("above");
    }
  });

  it("shared memory that waits for any thread arrives as shared memory", async () => {
    const memory = new SharedArrayBuffer(4);
    const any = bus.any("threads", { concurrency: 1 });
    const counted = Array.from({ length: 8 }, () => any.emit("count", memory).ackd());
    const threads = [0, 1].map(() => new Worker(entryOf("many")));
    try {
      for (const thread of threads) bus.to(thread);
      await Promise.all(counted);
      expect(new Int32Array(memory)[0]).to.equal(8);
    } finally {
      await Promise.all(threads.map((thread) => thread.terminate()));
    }
  });

  for (const serialization of ["json", "advanced"] as const) {
    it(`jobs survive their workers: none runs twice, none is lost that did not run (${serialization})`, async () => {
      const spares = () => forkWorker(serialization);
      for (let count = 0; count < 3; count++) spares();
      const any = bus.any("workers", { concurrency: 2 });
      const runs = new Map<number, number>();
      bus.on("ran", (id) => {
        runs.set(id as number, (runs.get(id as number) ?? 0) + 1);
      });
      try {
        let answered = 0;
        const data = { bytes: Buffer.from("abc"), map: new Map([["a", 1]]) };
        const jobs = Array.from({ length: 400 }, async (_, id) => {
          const isIdempotent = id % 4 === 0;
          const emitted = any.emit("slow", { id, ...data }, { idempotent: isIdempotent });
          const outcome = await emitted
            .within(60_000)
            .ackd()
            .catch((error: unknown) => error);
          answered++;
          if (answered % 50 === 0) {
            const [victim] = workers;
            workers.delete(victim as ClusterWorker);
            victim?.process.kill("SIGKILL");
            spares();
          }
          return { id, isIdempotent, outcome };
        });
        for (const { id, isIdempotent, outcome } of await Promise.all(jobs)) {
          if (Array.isArray(outcome)) {
            const [, got] = outcome as [number, { id: number; bytes: unknown; map: unknown }];
            expect(got.id).to.equal(id);
            if (serialization === "advanced") {
              expect(got.map).to.deep.equal(data.map);
              expect(Buffer.from(got.bytes as Uint8Array).toString()).to.equal("abc");
            } else {
              expect(got.map).to.deep.equal({});
              expect(got.bytes).to.deep.equal(data.bytes.toJSON());
            }
            expect(runs.get(id)).to.be.within(1, isIdempotent ? 4 : 1);
          } else {
            expect(runs.get(id) ?? 0).to.be.at.most(1);
            expect(isIdempotent, String(outcome)).to.equal(false);
            expect(outcome).to.include({
              code: "ERR_PEER_DIED",
              executed: "maybe",
              signal: "SIGKILL",
            });
          }
        }
        expect(any.waiting).to.equal(0);
      } finally {
        bus.off("ran");
      }
    });
  }

  it("a connection goes to whoever is free; what waits arrives where its first choice died, or is closed", async () => {
    const members = [forkWorker(), forkWorker()];
    await Promise.all(members.map((worker) => bus.to(worker).ready()));
    const any = bus.any("workers", { concurrency: 1 });
    const before = readdirSync("/proc/self/fd").length;
    const ends: Promise<unknown>[] = [];
    const server = await serve((handle) => {
      const answer = any.emit("socket", "it", { handle, queueHandle: true }).ackd();
      ends.push(answer.catch((error: unknown) => error));
    });
    const served = await Promise.all(Array.from({ length: 20 }, () => server.ask()));
    for (const text of served) expect(text).to.match(/^\d+ got it$/);
    // Both hang; what comes waits.
    const hung = members.map((worker) =>
      bus
        .to(worker)
        .emit("hang")
        .ackd()
        .catch(() => undefined),
    );
    const waiting = Array.from({ length: 4 }, () => server.ask());
    while (any.waiting < 4) await new Promise((resolve) => setImmediate(resolve));
    for (const worker of members) worker.process.kill("SIGKILL");
    await Promise.all(hung);
    const heir = forkWorker();
    for (const text of await Promise.all(waiting))
      expect(text).to.equal(`${heir.process.pid} got it`);
    await Promise.all(ends);
    await server.close();
    await endWorkers();
    while (readdirSync("/proc/self/fd").length > before)
      await new Promise((resolve) => setTimeout(resolve, 10));
  });
});
