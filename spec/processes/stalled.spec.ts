import type { ChildProcess } from "node:child_process";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import type { Target } from "../../lib/emit/target.ts";
import { bus } from "../../lib/index.ts";
import type { Session } from "../../lib/peer/session.ts";
import { nextEvent, rejection, turn } from "../support/buses.ts";
import { endAll, entryOf, start } from "../support/processes.ts";
import type { Flood } from "../workers/flooder.ts";

const MEBIBYTE = 2 ** 20;
/** So much the channel is given before anything has to wait, in bytes: half of `limits.pending`. */
const WINDOW = 8 * MEBIBYTE;

describe("a blocked thread", () => {
  it("makes its sender's queue fill up, not the port's; what was accepted arrives in order", async () => {
    const thread = new Worker(entryOf("blocker"));
    const peer = bus.to(thread);
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const isFull = new Promise<void>((resolve) => {
      bus.lifecycle.on("undelivered", () => resolve());
    });
    await peer.emit("noted").ackd();
    peer.emit("block", gate);
    let isFlooding = true;
    void isFull.then(() => {
      isFlooding = false;
    });
    let sent = 0;
    while (isFlooding) {
      for (let i = 0; i < 1000; i++) peer.emit("note", { number: sent++, text: "x".repeat(100) });
      await turn();
    }
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await peer.peer.drained();
    const noted = (await peer.emit("noted").within(Infinity).ackd()) as number[];
    bus.lifecycle.removeAllListeners("undelivered");
    expect(noted.length).to.be.above(1000).and.below(sent);
    expect(noted).to.deep.equal(Array.from(noted, (_, i) => i));
    await thread.terminate();
  });
});

describe("a burst of 100,000 small messages in one tick", () => {
  const count = 100_000;
  const text = "a small message, of some sixty bytes or a little more";

  for (const serialization of ["json", "advanced"] as const) {
    it(`to a healthy peer is within the bounds (${serialization})`, async () => {
      const peer = bus.to(start("receiver", [], { serialization }));
      await peer.emit("echo").ackd();
      const lost: unknown[] = [];
      const collect = (error: unknown) => lost.push(error);
      bus.lifecycle.on("undelivered", collect);
      for (let i = 0; i < count; i++) peer.emit("note", { i, text });
      const noted = (await peer.emit("noted").within(Infinity).ackd()) as { i: number }[];
      expect(noted.map(({ i }) => i)).to.deep.equal(Array.from({ length: count }, (_, i) => i));
      const asked = Array.from({ length: count }, (_, i) =>
        peer.emit("echo", { i, text }).within(Infinity).ackd(),
      );
      const replies = (await Promise.all(asked)) as { i: number }[];
      expect(replies.every((reply, i) => reply.i === i)).to.equal(true);
      bus.lifecycle.off("undelivered", collect);
      expect(lost).to.deep.equal([]);
      await endAll();
    });
  }
});

describe("a stopped peer on an advanced channel", () => {
  it("costs no more than the bound for views over shared memory, which the channel writes out", async () => {
    const child = start("receiver", [], { serialization: "advanced" });
    const peer = bus.to(child);
    await peer.emit("echo").ackd();
    child.kill("SIGSTOP");
    const view = new Uint8Array(new SharedArrayBuffer(2 * MEBIBYTE));
    const codes: unknown[] = [];
    const replies: Promise<void>[] = [];
    for (let n = 0; n < 20; n++) {
      const reply = rejection(peer.emit("note", { view }).ackd());
      replies.push(reply.then(({ code }) => void codes.push(code)));
      await turn();
    }
    child.kill("SIGKILL");
    await Promise.all(replies);
    const full = codes.filter((code) => code === "ERR_QUEUE_FULL");
    // The channel is given one more than fits into half of what may be pending, and the rest waits.
    expect(full.length).to.be.within(10, 15);
    await endAll();
  });
});

describe("a stopped peer", () => {
  let child: ChildProcess;
  let peer: Target;

  beforeEach(async () => {
    child = start("receiver");
    peer = bus.to(child);
    await peer.emit("echo").ackd();
    child.kill("SIGSTOP");
  });

  afterEach(async () => {
    child.kill("SIGCONT");
    await endAll();
  });

  it("that is killed never ran what waited behind a pending write, and the errors say so", async () => {
    const large = rejection(peer.emit("echo", "x".repeat(WINDOW)).ackd());
    await turn();
    const unasked = nextEvent(bus.lifecycle, "undelivered");
    peer.emit("echo", "nobody asks");
    const behind = rejection(peer.emit("echo", "behind").ackd());
    await turn();
    child.kill("SIGKILL");
    expect(await large).to.include({ code: "ERR_PEER_DIED", executed: "maybe" });
    expect(await behind).to.include({ code: "ERR_PEER_DIED", executed: "no", signal: "SIGKILL" });
    expect((await unasked)[0]).to.include({ code: "ERR_PEER_DIED", executed: "no" });
  });

  it("gets the data as it was at emit, where it had to wait", async () => {
    const data = { value: "at emit" };
    const large = peer.emit("echo", "x".repeat(WINDOW)).ackd();
    await turn();
    const waiting = peer.emit("echo", data).ackd();
    data.value = "changed later";
    child.kill("SIGCONT");
    expect(await waiting).to.deep.equal({ value: "at emit" });
    await large;
  });

  it("leaves nothing of what was cancelled while it waited", async () => {
    const large = peer.emit("echo", "x".repeat(WINDOW)).ackd();
    await turn();
    const { outbox, backlog } = peer.peer as Session;
    const before = [outbox.size, backlog.waiting];
    for (let round = 0; round < 5; round++) {
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = Array.from({ length: 200 }, (_, i) =>
        rejection(peer.emit("echo", i, i % 2 === 0 ? { signal } : { signal, timeout: 1e6 }).ackd()),
      );
      await turn();
      controller.abort();
      for (const each of waiting) {
        expect(await each).to.include({ code: "ERR_CANCELLED", executed: "no" });
      }
    }
    expect([outbox.size, backlog.waiting]).to.deep.equal(before);
    child.kill("SIGCONT");
    await large;
    expect(await peer.emit("echo", "behind").ackd()).to.equal("behind");
  });

  it("costs no more memory than the bound, however much is emitted; each receipt settles, and the order holds", async () => {
    const count = 1_000_000;
    // What V8 leaves uncollected depends on its version (its young generation alone may take 64 MB), so that has a bound.
    const execArgv = ["--max-semi-space-size=4", "--max-old-space-size=64"];
    bus.to(start("flooder", [`${count}`], { execArgv }));
    const flood = await new Promise<Flood>((resolve) => {
      bus.once("flooded", (seen) => resolve(seen as Flood));
    });
    const { growth, reported, refused, noted } = flood;
    expect(noted.length + refused + reported).to.equal(count);
    expect(noted.length).to.be.above(50_000);
    expect(noted).to.deep.equal(noted.toSorted((a, b) => a - b));
    // The same messages take some 15 MB more of V8 itself from Node 24 on.
    const most = Number.parseInt(process.versions.node, 10) < 24 ? 64 : 80;
    expect(growth / MEBIBYTE, "growth in MB (some 850 with process.send)").to.be.below(most);
  });
});
