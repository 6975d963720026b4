import cluster, { type Worker as ClusterWorker } from "node:cluster";
import { MessageChannel, Worker } from "node:worker_threads";
import { expect } from "chai";
import type { PeerTarget } from "../../lib/bus/targets.ts";
import { bus, isFrame, type Message } from "../../lib/index.ts";
import { busPair, nextEvent } from "../support/buses.ts";
import { endAll, entryOf, start } from "../support/processes.ts";

/** What the other side knows of us. */
function asked(target: PeerTarget): Promise<unknown> {
  return bus.to(target).emit("what do you know of me").ackd();
}

function fork(): ClusterWorker {
  cluster.setupPrimary({ exec: entryOf("whereabouts"), execArgv: [] });
  return cluster.fork();
}

describe("a peer", () => {
  afterEach(async () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill("SIGKILL");
    await endAll();
  });

  it("has the target and pid of a child, which knows the pid of its parent", async () => {
    const child = start("whereabouts");
    const { peer } = bus.to(child);
    expect(peer.target).to.equal(child);
    expect(peer.pid).to.equal(child.pid);
    const known = { pid: process.pid, hasTarget: false, own: child.pid };
    expect(await asked(child)).to.deep.equal(known);
    child.kill("SIGKILL");
    await nextEvent(bus.lifecycle, "down");
    expect(peer).to.include({ target: child, pid: child.pid });
  });

  it("has the cluster worker, not its process", async () => {
    const worker = fork();
    const { peer } = bus.to(worker);
    expect(peer.target).to.equal(worker);
    expect(peer.pid).to.equal(worker.process.pid);
    expect(bus.to(worker.process).peer).to.equal(peer);
    expect(bus.to(peer.target as ClusterWorker).peer).to.equal(peer);
    const known = { pid: process.pid, hasTarget: false, own: worker.process.pid };
    expect(await asked(worker)).to.deep.equal(known);
    worker.process.kill("SIGKILL");
    await nextEvent(worker, "exit");
  });

  it("is a thread or a port of this process", async () => {
    const thread = new Worker(entryOf("whereabouts"));
    expect(bus.to(thread).peer).to.include({ target: thread, pid: process.pid });
    const known = { pid: process.pid, hasTarget: false, own: process.pid };
    expect(await asked(thread)).to.deep.equal(known);
    await thread.terminate();
    const { port1 } = new MessageChannel();
    expect(bus.to(port1).peer).to.include({ target: port1, pid: process.pid });
    port1.close();
  });

  it("has neither where there is no parent, or nothing of Node's", () => {
    expect(bus.to("parent").peer).to.include({ target: undefined, pid: undefined });
    expect(busPair().toB).to.include({ target: undefined, pid: undefined });
  });

  it("can be ended by a listener that hears it", async () => {
    const listener = (_: unknown, { peer }: Message) => {
      const { target } = peer;
      if (target && "kill" in target) target.kill("SIGKILL");
    };
    bus.on("gone wrong", listener);
    const child = start("whereabouts");
    const childEnd = nextEvent(child, "exit");
    bus.to(child).emit("go wrong");
    expect(await childEnd).to.deep.equal([null, "SIGKILL"]);
    const worker = fork();
    const workerEnd = nextEvent(worker, "exit");
    bus.to(worker).emit("go wrong");
    expect(await workerEnd).to.deep.equal([null, "SIGKILL"]);
    bus.off("gone wrong", listener);
  });
});

describe("isFrame", () => {
  afterEach(endAll);

  it("tells the bus's own messages from those of others, on a channel that is shared", async () => {
    const child = start("whereabouts");
    const heard: unknown[] = [];
    child.on("message", (message) => heard.push(message));
    await asked(child);
    const echo = new Promise((resolve) => {
      child.on("message", (message) => !isFrame(message) && resolve(message));
    });
    child.send({ mine: 1 });
    expect(await echo).to.deep.equal({ mine: 1 });
    expect(heard.length).to.be.greaterThan(1);
    expect(heard.filter((message) => !isFrame(message))).to.deep.equal([{ mine: 1 }]);
    const { a, b, toB, left } = busPair();
    b.on("x", () => 1);
    await a.to(toB).emit("x").ackd();
    expect(left.sent.length).to.be.greaterThan(1);
    expect(left.sent.every(isFrame)).to.equal(true);
  });

  it("takes nothing for a frame that has other keys, or is no object", () => {
    const inherited = Object.create({ clusterphone2: [1, []] });
    const others = [null, undefined, 1, "clusterphone2", [], {}, inherited, { clusterphone: [] }];
    for (const other of [...others, { clusterphone2: [1, []], mine: 1 }]) {
      expect(isFrame(other)).to.equal(false);
    }
    expect(isFrame({ clusterphone2: [1, []] })).to.equal(true);
  });
});
