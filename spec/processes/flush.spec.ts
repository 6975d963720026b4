import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import { bus } from "../../lib/index.ts";
import { busPair, rejection, turn } from "../support/buses.ts";
import { endAll, ended, entryOf, start } from "../support/processes.ts";

/** More frames than a channel is given otherwise before it has confirmed one. */
const COUNT = 200;
const all = (count: number) => Array.from({ length: count }, (_, i) => i);

describe("flush()", () => {
  let said: unknown[];
  let hear: (data: unknown) => void;
  const listen = (data: unknown) => {
    said.push(data);
    hear(data);
  };
  const heard = (last: unknown) =>
    new Promise<void>((resolve) => {
      hear = (data) => {
        if (data === last) resolve();
      };
    });

  beforeEach(() => {
    said = [];
    hear = () => undefined;
    bus.on("said", listen);
  });

  afterEach(async () => {
    bus.off("said", listen);
    await endAll();
  });

  for (const serialization of ["json", "advanced"] as const) {
    it(`writes what a child says that computes without a pause (${serialization})`, async () => {
      const child = start("hurried", [], {
        serialization,
        stdio: ["pipe", "inherit", "inherit", "ipc"],
      });
      await bus.to(child).emit("echo").ackd();
      const last = heard(COUNT - 1);
      const done = bus.to(child).emit("report", { count: COUNT }).within(Infinity).ackd();
      await last;
      expect(said).to.deep.equal(all(COUNT));
      child.stdin?.end("go on");
      expect(await done).to.equal("done");
    });
  }

  it("writes what a thread says that computes without a pause", async () => {
    const thread = new Worker(entryOf("hurried"));
    await bus.to(thread).emit("echo").ackd();
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const last = heard(COUNT - 1);
    const done = bus.to(thread).emit("report", { count: COUNT, gate }).within(Infinity).ackd();
    await last;
    expect(said).to.deep.equal(all(COUNT));
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    expect(await done).to.equal("done");
    await thread.terminate();
  });

  it("lets a child hang up right after; without it, what was not written is told", async () => {
    for (const flush of [true, false]) {
      const child = start("hurried", [], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
      const end = ended(child);
      await bus.to(child).emit("echo").ackd();
      bus.to(child).emit("disconnect", { count: 3, flush });
      const { output } = await end;
      const told = all(3).map((i) => `ERR_PEER_DIED no ${i}\n`);
      expect([said, output]).to.deep.equal(flush ? [all(3), ""] : [[], told.join("")]);
      said = [];
    }
  });

  it("lets a parent hang up right after", async () => {
    const child = start("hurried");
    const peer = bus.to(child);
    await peer.emit("echo").ackd();
    peer.emit("end with", 7);
    bus.flush();
    const exit = once(child, "exit");
    child.disconnect();
    expect(await exit).to.deep.equal([7, null]);
  });

  it("happens by itself when a process ends, also for what is said while it does", async () => {
    const child = start("hurried");
    await bus.to(child).emit("echo").ackd();
    const last = heard("on exit");
    bus.to(child).emit("exit", COUNT);
    await last;
    expect(said).to.deep.equal([...all(COUNT), "on exit"]);
  });

  it("happens by itself when a thread exits, also for what is said while it does", async () => {
    const thread = new Worker(entryOf("hurried"));
    await bus.to(thread).emit("echo").ackd();
    const last = heard("on exit");
    bus.to(thread).emit("exit", COUNT);
    await last;
    expect(said).to.deep.equal([...all(COUNT), "on exit"]);
  });

  it("leaves no listener on the process when there is nobody any more", async () => {
    const before = process.listenerCount("exit");
    const pairs = [busPair(), busPair()];
    await turn();
    const most = process.listenerCount("exit");
    for (const pair of pairs) pair.cut();
    await turn();
    await turn();
    expect(process.listenerCount("exit")).to.equal(before);
    expect(most).to.be.within(before, before + 1);
  });

  it("keeps the order and settles as ever; the receipts of what it wrote are asked before it", async () => {
    const pair = busPair();
    const seen: unknown[] = [];
    pair.b.on("x", (data) => seen.push(data));
    await pair.a.to(pair.toB).emit("x", 0).ackd();
    const first = pair.a.to(pair.toB).emit("x", 1).ackd();
    const unasked = pair.a.to(pair.toB).emit("x", 2);
    const sent = pair.left.sent.length;
    pair.a.ns("another").flush();
    expect(pair.left.sent.length).to.equal(sent + 1);
    expect(() => unasked.ackd()).to.throw(TypeError, "flush()");
    expect(() => unasked.within(5)).to.throw(TypeError, "flush()");
    const after = pair.a.to(pair.toB).emit("x", 3).ackd();
    expect([await first, await after]).to.deep.equal([2, 4]);
    expect(seen).to.deep.equal([0, 1, 2, 3]);
  });

  it("may be called, by a getter, while messages are written", async () => {
    const pair = busPair();
    const seen: unknown[] = [];
    pair.b.on("x", (data) => seen.push(data));
    await pair.a.to(pair.toB).emit("x", 0).ackd();
    let last = 1;
    const data = {
      get value() {
        pair.a.to(pair.toB).emit("x", ++last);
        pair.a.flush();
        return 1;
      },
    };
    pair.a.to(pair.toB).emit("x", data);
    await pair.a.flushed();
    await turn();
    expect(last).to.be.above(1);
    expect(seen).to.deep.equal([0, { value: 1 }, ...all(last + 1).slice(2)]);
  });

  it("settles what a closed channel does not take", async () => {
    const pair = busPair();
    pair.b.on("x", () => 1);
    await pair.a.to(pair.toB).emit("x").ackd();
    const lost = rejection(pair.a.to(pair.toB).emit("x").ackd());
    pair.left.stop();
    pair.a.flush();
    pair.cut();
    expect(await lost).to.include({ code: "ERR_PEER_DIED", executed: "maybe" });
  });
});
