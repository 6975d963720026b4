import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { type BusPair, busPair, nextEvent, rejection, turn } from "../support/buses.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

describe("closing", () => {
  let pair: BusPair;

  beforeEach(async () => {
    pair = busPair();
    pair.b.on("echo", (data) => data);
    pair.b.on("hang", () => new Promise(() => {}));
    await pair.a.to(pair.toB).emit("echo").ackd();
  });

  /** Asks `b` for something that hangs, and waits until it does. */
  const hang = async () => {
    const hanging = rejection(pair.a.to(pair.toB).emit("hang").ackd());
    await pair.a.to(pair.toB).emit("echo").ackd();
    return hanging;
  };

  describe("a namespace", () => {
    it("does not wait for what waits in another", async () => {
      const idle = pair.a.ns("idle");
      idle.on("x", () => {});
      await turn();
      const parked = rejection(pair.a.ns("late").to(pair.toB).emit("x").within(Infinity).ackd());
      await idle.close({ timeout: Infinity });
      pair.cut();
      await parked;
    });

    it("does not wait for what the other side does not read, of another", async () => {
      const idle = pair.a.ns("idle");
      await idle.close();
      pair.left.stop();
      for (let i = 0; i < 10; i++) pair.a.to(pair.toB).emit("echo", i);
      const again = pair.a.ns("never told");
      let isOver = false;
      const closed = again.close({ timeout: Infinity }).then(() => (isOver = true));
      for (let turns = 0; turns < 5; turns++) await turn();
      // The other side has to be told of the close, and to say that it knows.
      expect(isOver).to.equal(false);
      pair.left.resume();
      await closed;
    });

    it("waits for its own answers that are not written", async () => {
      const own = pair.b.ns("own");
      const until = new Promise<void>((resolve) => own.on("stop", () => resolve()));
      own.on("echo", (data) => data);
      const peer = pair.a.ns("own").to(pair.toB);
      await peer.emit("echo").ackd();
      peer.emit("stop");
      await until;
      pair.right.stop();
      let ran = 0;
      own.on("echo", () => void ran++);
      const answers = [1, 2, 3].map((n) => peer.emit("echo", n).ackd());
      while (ran < 3) await turn();
      let isOver = false;
      const closed = own.close({ timeout: Infinity }).then(() => (isOver = true));
      for (let turns = 0; turns < 5; turns++) await turn();
      expect(isOver).to.equal(false);
      pair.right.resume();
      expect(await Promise.all(answers)).to.deep.equal([1, 2, 3]);
      await closed;
    });

    it("settles what it could not write, when it gives up", async () => {
      pair.b.ns("own").on("echo", (data) => data);
      const own = pair.a.ns("own");
      const peer = own.to(pair.toB);
      await peer.emit("echo").ackd();
      pair.left.stop();
      const given = rejection(peer.emit("echo").within(Infinity).ackd());
      await turn();
      const waits = rejection(peer.emit("echo").within(Infinity).ackd());
      await own.close({ timeout: 20 });
      expect(await given).to.include({ code: "ERR_CLOSED", executed: "maybe" });
      expect(await waits).to.include({ code: "ERR_CLOSED", executed: "no" });
    });
  });

  describe("and opening again", () => {
    const first = () => pair.b.ns("job");
    const ask = (event = "x") => pair.a.ns("job").to(pair.toB).emit(event).ackd();

    it("is as if it were new, on both sides", async () => {
      const job = first();
      const layers: string[] = [];
      job.use((message, next) => {
        layers.push(`${message.direction} ${message.kind}`);
        return next();
      });
      job.ackTimeout = 5;
      job.on("x", () => "first").on("only before", () => 1);
      expect(await ask()).to.equal("first");
      await job.close();
      expect(await rejection(ask())).to.include({ code: "ERR_CLOSED", executed: "no" });
      expect(pair.toB.isReady("job")).to.equal(false);
      expect(await rejection(job.to(pair.toA).emit("x").ackd())).to.include({ code: "ERR_CLOSED" });
      layers.length = 0;

      const ready = nextEvent(pair.a.lifecycle, "ready");
      job.on("x", () => "again");
      expect(await ready).to.deep.equal([pair.toB, "job"]);
      expect(await ask()).to.equal("again");
      expect(await rejection(ask("only before"))).to.include({ code: "ERR_UNHANDLED" });
      expect(job.ackTimeout).to.equal(10_000);
      expect(layers).to.deep.equal([]);
      await job.close();
      await job.close();
      expect(await rejection(ask())).to.include({ code: "ERR_CLOSED", executed: "no" });
    });

    it("goes for every view of it, and every target", async () => {
      const job = first();
      const other = pair.b.ns("job");
      pair.a.ns("job").on("up", (data) => data);
      const target = other.to(pair.toA);
      const back = pair.a.ns("job").to(pair.toB);
      job.on("x", () => "first");
      expect(await back.emit("x").ackd()).to.equal("first");
      expect(await target.emit("up", 1).ackd()).to.equal(1);
      await other.close();
      expect(await rejection(target.emit("up").ackd())).to.include({ code: "ERR_CLOSED" });
      expect(await rejection(back.emit("x").ackd())).to.include({ code: "ERR_CLOSED" });
      job.on("x", () => "again");
      expect(await target.emit("up", 2).ackd()).to.equal(2);
      while (!pair.toB.isReady("job")) await turn();
      expect(await back.emit("x").ackd()).to.equal("again");
    });

    it("may begin before the close is over", async () => {
      const job = first();
      let finish = (): void => {};
      job.on("x", () => new Promise<void>((resolve) => (finish = resolve)));
      const running = ask();
      await pair.a
        .ns("job")
        .to(pair.toB)
        .emit("nobody")
        .ackd()
        .catch(() => {});
      const closed = job.close();
      job.on("x", () => "again");
      await turn();
      expect(await rejection(ask())).to.include({ code: "ERR_CLOSED", executed: "no" });
      finish();
      expect(await running).to.equal(undefined);
      await closed;
      while (!pair.toB.isReady("job")) await turn();
      expect(await ask()).to.equal("again");
    });

    it("waits for ready() where it is opened by hand", async () => {
      const job = pair.b.ns("job", { ready: "manual" });
      job.on("x", () => 1).ready();
      expect(await ask()).to.equal(1);
      await job.close();
      job.on("x", () => 2);
      for (let turns = 0; turns < 5; turns++) await turn();
      expect(pair.toB.isReady("job")).to.equal(false);
      job.ready();
      while (!pair.toB.isReady("job")) await turn();
      expect(await ask()).to.equal(2);
    });

    it("costs nothing for names that are not used again", async () => {
      const use = async (from: number, to: number) => {
        for (let i = from; i < to; i++) {
          const job = pair.b.ns(`job ${i}`);
          job.on("x", (data) => data);
          await pair.a.ns(`job ${i}`).to(pair.toB).emit("x", i).ackd();
          await job.close();
          await rejection(pair.a.ns(`job ${i}`).to(pair.toB).emit("x", i).ackd());
          pair.left.sent.length = pair.right.sent.length = 0;
        }
        collect();
        return process.memoryUsage().heapUsed;
      };
      // The latest thousand are remembered, by their names.
      const before = await use(0, 1050);
      const after = await use(1050, 2050);
      expect((after - before) / 1000).to.be.below(1500);
    });
  });

  describe("a second time", () => {
    it("with less time shortens the first", async () => {
      const hanging = hang();
      await turn();
      await turn();
      const first = pair.b.close({ timeout: Infinity });
      expect(pair.b.close({ timeout: 20 })).to.equal(first);
      await first;
      expect(await hanging).to.include({ code: "ERR_CLOSED", executed: "maybe" });
    });

    it("with more time changes nothing", async () => {
      const hanging = hang();
      await turn();
      await turn();
      const first = pair.b.close({ timeout: 20 });
      void pair.b.close({ timeout: Infinity });
      await first;
      expect(await hanging).to.include({ code: "ERR_CLOSED", executed: "maybe" });
    });
  });

  it("is for ever: on() then throws ERR_CLOSED", async () => {
    await pair.b.close();
    for (const add of ["on", "once"] as const) {
      expect(() => pair.b[add]("x", () => {}))
        .to.throw(Error, /this bus is closed/)
        .with.include({ code: "ERR_CLOSED", executed: "no" });
      expect(() => pair.b.ns("other")[add]("x", () => {})).to.throw(Error, /this bus is closed/);
    }
  });

  describe("that waits for long", () => {
    const warning = async () => {
      for (;;) {
        const [warned] = (await nextEvent(process, "warning")) as [Error & { code?: string }];
        if (warned.code === "CLOSE_WAITS") return warned.message;
      }
    };

    it("warns, naming the listener that it waits for: its own caller, perhaps", async () => {
      const told = warning();
      pair.b.on("shutdown", () => pair.b.close({ timeout: Infinity }));
      const asked = rejection(pair.a.to(pair.toB).emit("shutdown").within(Infinity).ackd());
      expect(await told).to.match(/close of the bus .* a listener of "shutdown" from memory:right/);
      await pair.b.close({ timeout: 1 });
      expect(await asked).to.include({ code: "ERR_CLOSED", executed: "maybe" });
    });

    it("warns of what was sent", async () => {
      const told = warning();
      const hanging = rejection(pair.a.ns("own").to(pair.toB).emit("x").within(Infinity).ackd());
      const closed = pair.a.ns("own").close({ timeout: Infinity });
      expect(await told).to.match(/namespace "own" .* what becomes of "x" to memory:left/);
      await pair.a.ns("own").close({ timeout: 1 });
      await Promise.all([hanging, closed]);
    });

    it("says nothing where it may not wait for long", async () => {
      const codes: unknown[] = [];
      const note = (warned: Error & { code?: string }) => codes.push(warned.code);
      process.on("warning", note);
      const hanging = hang();
      await turn();
      await turn();
      await pair.b.close({ timeout: 10 });
      await hanging;
      await turn();
      process.off("warning", note);
      expect(codes).not.to.include("CLOSE_WAITS");
    });
  });
});
