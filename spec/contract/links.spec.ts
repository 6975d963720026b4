import { type ChildProcess, fork } from "node:child_process";
import cluster from "node:cluster";
import { MessageChannel, Worker } from "node:worker_threads";
import { expect } from "chai";
import { type Bus, bus, type PeerTarget } from "../../lib/index.ts";
import { busPair } from "../support/buses.ts";
import { cases } from "./cases.ts";
import { SERVICE, serve } from "./service.ts";

const entry = new URL(`../workers/contract${import.meta.url.slice(-3)}`, import.meta.url);

/** One link, just made: nothing has been said on it yet. */
interface Harness {
  readonly central: Bus;
  readonly target: PeerTarget;
  stop(): Promise<unknown> | undefined;
}

const links: Record<string, () => Harness> = {
  "memory, json": () => memory("json"),
  "memory, structured clone": () => memory("clone"),
  "forked child, json": () => child(fork(entry, { serialization: "json" })),
  "forked child, advanced": () => child(fork(entry, { serialization: "advanced" })),
  "cluster worker, json": () => worker("json"),
  "cluster worker, advanced": () => worker("advanced"),
  "worker thread": () => {
    const thread = new Worker(entry);
    return { central: bus, target: thread, stop: () => thread.terminate() };
  },
  "message port": () => {
    const { port1, port2 } = new MessageChannel();
    const thread = new Worker(entry, { workerData: { port: port2 }, transferList: [port2] });
    return { central: bus, target: port1, stop: () => thread.terminate() };
  },
};

// The other sides talk to the bus of this process.
serve(bus, undefined);

function memory(serialization: "json" | "clone"): Harness {
  const { a, toB, b, toA, cut } = busPair(serialization);
  serve(a, toB);
  serve(b, toA);
  return {
    central: a,
    target: toB,
    stop() {
      cut();
      return undefined;
    },
  };
}

function child(process: ChildProcess): Harness {
  return { central: bus, target: process, stop: () => ended(process) };
}

function worker(serialization: "json" | "advanced"): Harness {
  cluster.setupPrimary({ exec: entry.pathname, serialization });
  const forked = cluster.fork();
  return { central: bus, target: forked, stop: () => ended(forked.process) };
}

function ended(process: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    process.once("exit", () => resolve());
    process.kill("SIGKILL");
  });
}

for (const [name, connect] of Object.entries(links)) {
  describe(`on a link: ${name}`, () => {
    let harness: Harness;

    before(() => {
      harness = connect();
    });

    after(() => harness.stop());

    it("delivers, in order and with replies, 1,000 messages emitted before the other side is up", async () => {
      const { central, target } = harness;
      const peer = central.ns(SERVICE).to(target);
      expect(peer.peer.isReady(SERVICE)).to.equal(false);
      const order: number[] = [];
      const replies = await Promise.all(
        Array.from({ length: 1000 }, (_, i) => {
          peer.emit("note", i);
          return peer
            .emit("echo", i)
            .ackd()
            .then((reply) => {
              order.push(i);
              return reply;
            });
        }),
      );
      const expected = Array.from({ length: 1000 }, (_, i) => i);
      expect(replies).to.deep.equal(expected);
      expect(order).to.deep.equal(expected);
      expect(await peer.emit("noted").ackd()).to.deep.equal(expected);
    });

    for (const { title, run } of cases) {
      it(title, () => run(harness.central, harness.target));
    }

    describe("from the other side", () => {
      for (const { title } of cases) {
        it(title, async () => {
          const { central, target } = harness;
          await central.ns(SERVICE).to(target).emit("run-case", title).ackd();
        });
      }
    });
  });
}
