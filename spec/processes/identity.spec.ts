import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { expect } from "chai";
import { bus } from "../../lib/index.ts";
import type { Peer } from "../../lib/message/peer.ts";
import { nextEvent, rejection } from "../support/buses.ts";
import { endAll, entryOf, start } from "../support/processes.ts";
import { told } from "../support/programs.ts";

/** Ends with the spec, as the listener does that it added. */
function startedOnes(): { next(): Promise<unknown>; end(): void } {
  let resolve: (pid: unknown) => void = () => undefined;
  bus.on("started", (pid) => resolve(pid));
  return {
    next: () => new Promise((given) => (resolve = given)),
    end: () => bus.off("started"),
  };
}

describe("another bus on the same channel", () => {
  afterEach(endAll);

  for (const serialization of ["json", "advanced"] as const) {
    describe(`that passes everything on, ${serialization}`, () => {
      const through = (how: string, ...args: string[]): ChildProcess =>
        start("passer", [how, serialization, ...args], { serialization });

      it("is a new peer after a restart: pending settles, and what is emitted then arrives", async () => {
        const child = through("plain", "speaks");
        const started = startedOnes();
        const first = started.next();
        const { peer } = bus.to(child);
        const pid = await first;
        expect(await bus.to(child).emit("who").ackd()).to.equal(pid);
        const pending = rejection(bus.to(child).emit("hang").ackd());
        const queued = rejection(bus.ns("never").to(child).emit("x").ackd());
        // It has arrived, too.
        await bus.to(child).emit("who").ackd();
        const second = started.next();
        child.send("restart");
        const restarted = await second;
        started.end();
        expect(restarted).to.not.equal(pid);
        expect(await pending).to.include({ code: "ERR_PEER_DIED", executed: "maybe" });
        expect(await queued).to.include({ code: "ERR_PEER_DIED", executed: "no" });
        expect(peer.state).to.equal("down");
        const after = bus.to(child);
        expect(after.peer.state).to.equal("up");
        for (let i = 0; i < 3; i++) expect(await after.emit("who").ackd()).to.equal(restarted);
        expect(bus.peers.filter(({ id }) => id === peer.id)).to.deep.equal([after.peer]);
      });

      it("is noticed when it is spoken to, if it says nothing by itself", async () => {
        const child = through("plain");
        const before = await bus.to(child).emit("who").ackd();
        child.send("restart");
        let after: unknown = before;
        // Until it has been restarted the one before may answer, or what was for it is lost with it.
        while (after === before) {
          const asked = bus.to(child).emit("who").within(500).ackd();
          after = await asked.catch(() => before);
        }
        expect(await bus.to(child).emit("who").ackd()).to.equal(after);
      });

      it("is not the peer if the one between has a bus of its own", async () => {
        const child = through("bus", "speaks");
        const downs: unknown[] = [];
        const onDown = (peer: Peer) => downs.push(peer.id);
        bus.lifecycle.on("down", onDown);
        for (let i = 0; i < 50; i++) {
          expect(await bus.to(child).emit("who").ackd()).to.equal("the one between");
        }
        bus.lifecycle.off("down", onDown);
        expect(downs).to.deep.equal([]);
      });
    });

    it(`of a cluster whose primary forwards everything: nothing is taken that is not meant, ${serialization}`, async () => {
      const results = await told(
        `
        const { bus } = await import("clusterphone");
        cluster.setupPrimary({ serialization: "${serialization}" });
        cluster.on("message", (from, message) => {
          for (const worker of Object.values(cluster.workers)) {
            if (worker !== from && worker.isConnected()) worker.send(message);
          }
        });
        bus.lifecycle.on("protocolError", (error) => tell(error.message));
        bus.lifecycle.on("down", (peer, error) => tell(error.message));
        bus.on("progress", (n, { peer }) => n + " of " + peer.id);
        const [one, two, three] = [cluster.fork(), cluster.fork(), cluster.fork()];
        await Promise.all([one, two, three].map((worker) => bus.to(worker).emit("who").ackd()));
        const busy = Promise.all([bus.to(one).emit("go").ackd(), bus.to(three).emit("go").ackd()]);
        for (let i = 0; i < 20; i++) {
          const pid = await bus.to(two).emit("who").ackd();
          if (pid !== two.process.pid) tell("a wrong reply: " + pid);
        }
        const [replies, others] = await busy;
        tell([...new Set([...replies, ...others].map((text) => text.replace(/\\d+ of/, "of")))]);
        for (const worker of [one, two, three]) tell(await bus.to(worker).emit("seen").ackd());
        bus.lifecycle.removeAllListeners();
        end();`,
        "identity",
      );
      expect(results).to.deep.equal([["of worker:1", "of worker:3"], [], [], []]);
    });

    it(`that is our own, which the child sends back, ${serialization}`, async () => {
      const child = start("identity", ["echoes", "speaks"], { serialization });
      const started = startedOnes();
      for (let i = 0; i < 20; i++) {
        expect(await bus.to(child).emit("who").ackd()).to.equal(child.pid);
      }
      started.end();
      expect(bus.to(child).peer.protocolErrors).to.equal(0);
    });
  }

  it("is a new peer under node --watch", async () => {
    const folder = mkdtempSync(join(tmpdir(), "clusterphone-watch-"));
    const file = join(folder, "child.mjs");
    const write = (version: number) =>
      writeFileSync(
        file,
        `import { bus } from ${JSON.stringify(import.meta.resolve("clusterphone"))};
        bus.on("who", () => ${version});
        bus.to("parent").emit("started", ${version}).within(Infinity).ackd();`,
      );
    write(1);
    const child = fork(file, [], { execArgv: ["--watch", "--no-warnings"], silent: true });
    const started = startedOnes();
    const first = started.next();
    const { peer } = bus.to(child);
    expect(await first).to.equal(1);
    expect(await bus.to(child).emit("who").ackd()).to.equal(1);
    const second = started.next();
    write(2);
    expect(await second).to.equal(2);
    started.end();
    expect(peer.state).to.equal("down");
    expect(await bus.to(child).emit("who").ackd()).to.equal(2);
    const exit = nextEvent(child, "exit");
    child.kill();
    await exit;
    rmSync(folder, { recursive: true });
  });

  for (const unread of [0, 100]) {
    it(`of a port that was handed on, with ${unread} messages that the owner before has not read`, async () => {
      const { port1, port2 } = new MessageChannel();
      const data = { name: "the first", port: port2 };
      const one = new Worker(entryOf("identity"), { workerData: data, transferList: [port2] });
      const two = new Worker(entryOf("identity"), { workerData: { name: "the second" } });
      const { peer } = bus.to(port1);
      expect(await bus.to(port1).emit("who").ackd()).to.equal("the first");
      const given = nextEvent(one, "message") as Promise<[{ port: MessagePort }]>;
      one.postMessage("give");
      const [{ port }] = await given;
      const pending = rejection(bus.to(port1).emit("hang").ackd());
      for (let i = 1; i < unread; i++) {
        bus.to(port1).emit("progress", i);
        await new Promise(setImmediate);
      }
      const up = nextEvent(bus.lifecycle, "up");
      two.postMessage({ port }, [port]);
      await up;
      expect(await pending).to.include({ code: "ERR_PEER_DIED", executed: "maybe" });
      expect(peer.state).to.equal("down");
      expect(await bus.to(port1).emit("who").ackd()).to.equal("the second");
      expect(await bus.to(port1).emit("seen").ackd()).to.deep.equal([]);
      await Promise.all([one.terminate(), two.terminate()]);
      port1.close();
    });
  }
});
