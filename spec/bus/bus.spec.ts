import { fork, spawn } from "node:child_process";
import type { Worker as ClusterWorker } from "node:cluster";
import { getEventListeners } from "node:events";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import sinon from "sinon";
import { type Bus, bus, type Receipt } from "../../lib/index.ts";
import { memoryPair } from "../../lib/links/memory.ts";
import { InboundEvent } from "../../lib/message/inbound-event.ts";
import type { Message } from "../../lib/message/message.ts";
import { type BusPair, busPair, lonelyBus, nextEvent, rejection, turn } from "../support/buses.ts";
import { itemsOf } from "../support/frames.ts";

describe("the bus", () => {
  let pair: BusPair;

  beforeEach(() => {
    pair = busPair();
  });

  describe("given bad arguments", () => {
    // Deliberately against the types.
    const loose = () => pair.a as unknown as Record<string, (...given: unknown[]) => never>;

    it("throws a TypeError that says what it wants and what it got", () => {
      const bad: [() => unknown, RegExp][] = [
        [() => loose()["use"]?.(42), /a middleware must be a function, got 42/],
        [() => loose()["on"]?.("x", "y"), /a listener must be a function, got "y"/],
        [() => loose()["once"]?.("x"), /a listener must be a function, got undefined/],
        [() => loose()["on"]?.("", () => 1), /an event must be a non-empty string, got ""/],
        [() => loose()["on"]?.(Symbol("x"), () => 1), /an event must be .* got a symbol/],
        [() => loose()["off"]?.("x", 1), /a listener must be a function/],
        [() => loose()["ns"]?.(""), /a namespace must be a non-empty string/],
        [() => loose()["ns"]?.("clusterphone"), /private/],
        [() => loose()["ns"]?.("x", { ready: "later" }), /the option ready/],
        [() => loose()["close"]?.({ timeout: "soon" }), /the option timeout/],
      ];
      for (const [call, text] of bad) expect(call).to.throw(TypeError, text);
      expect(() => Object.assign(pair.a, { ackTimeout: -5 })).to.throw(TypeError, /ackTimeout/);
    });

    it("throws a TypeError for a target that can be no peer", () => {
      for (const target of [undefined, null, {}, "child", 7, process, new EventTarget()]) {
        expect(() => loose()["to"]?.(target)).to.throw(
          TypeError,
          /the target of to\(\) must be a peer of this bus or "parent", got/,
        );
        expect(() => lonelyBus().bus.to(target as never)).to.throw(
          TypeError,
          /must be a cluster worker, a ChildProcess .* thread, a MessagePort, a peer of this bus or "parent", got/,
        );
      }
    });

    it("throws a TypeError for a cluster worker that was made by hand", () => {
      const { Worker } = process.getBuiltinModule("node:cluster") as unknown as {
        Worker: new () => ClusterWorker;
      };
      expect(() => lonelyBus().bus.to(new Worker())).to.throw(TypeError, /got Worker$/);
    });

    it("throws a TypeError for a child without a channel", async () => {
      const child = spawn(process.execPath, ["-e", "0"]);
      expect(() => lonelyBus().bus.to(child)).to.throw(TypeError, /no IPC channel.*fork\(\)/);
      await nextEvent(child, "exit");
    });

    it("throws a TypeError from emit for a bad event or option", () => {
      const emit = (...given: unknown[]) =>
        (pair.a.to(pair.toB) as unknown as { emit(...given: unknown[]): void }).emit(...given);
      expect(() => emit("")).to.throw(TypeError, /an event/);
      expect(() => emit(undefined)).to.throw(TypeError, /an event/);
      expect(() => emit(["x"])).to.throw(TypeError, /an event must be .* got Array/);
      expect(() => emit("x".repeat(5000))).to.throw(TypeError, /at most 4096/);
      expect(() => emit("x", 1, "options")).to.throw(TypeError, /options of emit/);
      expect(() => emit("x", 1, { timeout: -1 })).to.throw(TypeError, /option timeout/);
      expect(() => emit("x", 1, { signal: {} })).to.throw(TypeError, /AbortSignal/);
      expect(() => emit("x", 1, { handle: 3 })).to.throw(TypeError, /option handle/);
    });

    it("throws a TypeError from within() and ackd()", () => {
      pair.b.on("x", () => 1);
      const receipt = (): Receipt & Record<"within" | "ackd", (given?: unknown) => unknown> =>
        pair.a.to(pair.toB).emit("x") as never;
      for (const bad of ["bacon", -1, 0, Number.NaN, {}, null, undefined, true]) {
        expect(() => receipt().within(bad)).to.throw(TypeError, /within\(\) must be a positive/);
      }
      expect(() => receipt().ackd("callback")).to.throw(TypeError, /callback of ackd/);
    });
  });

  describe("receipts", () => {
    beforeEach(() => {
      pair.b.on("x", (data) => data);
    });

    it("take within() and ackd() only in the stretch of their emit", async () => {
      const receipt = pair.a.to(pair.toB).emit("x");
      await Promise.resolve();
      expect(() => receipt.ackd()).to.throw(TypeError, /same synchronous stretch/);
      expect(() => receipt.within(5)).to.throw(TypeError, /same synchronous stretch/);
      const other = pair.a.to(pair.toB).emit("x");
      await new Promise<void>((resolve) => process.nextTick(resolve));
      expect(() => other.acknowledged()).to.throw(TypeError, /same synchronous stretch/);
    });

    it("may be asked at the end of a long stretch", async () => {
      const receipts = Array.from({ length: 500 }, (_, i) => pair.a.to(pair.toB).emit("x", i));
      const replies = await Promise.all(receipts.map((receipt) => receipt.within(5000).ackd()));
      expect(replies).to.deep.equal(Array.from({ length: 500 }, (_, i) => i));
    });

    it("call back, by either name", async () => {
      const called = (name: "ackd" | "acknowledged") =>
        new Promise((resolve) => {
          void pair.a
            .to(pair.toB)
            .emit("x", name)
            [name]((...parameters) => resolve(parameters));
        });
      expect(await called("ackd")).to.deep.equal([null, "ackd"]);
      expect(await called("acknowledged")).to.deep.equal([null, "acknowledged"]);
    });

    it("give one promise however often they are asked", async () => {
      const receipt = pair.a.to(pair.toB).emit("x", 1);
      expect(receipt.ackd()).to.equal(receipt.acknowledged());
      expect(() => receipt.within(5)).to.throw(TypeError, /before ackd/);
      await turn();
    });

    it("leave no unhandled rejection with a callback, and let it throw on its own", async () => {
      const uncaught = new Promise((resolve) => {
        const mocha = process.listeners("uncaughtException");
        process.removeAllListeners("uncaughtException");
        process.once("uncaughtException", (error) => {
          for (const listener of mocha) process.on("uncaughtException", listener);
          resolve(error);
        });
      });
      void pair.a
        .to(pair.toB)
        .emit("x", 1)
        .ackd(() => {
          throw new Error("the user's own");
        });
      expect(await uncaught).to.have.property("message", "the user's own");
      expect(await pair.a.to(pair.toB).emit("x", 2).ackd()).to.equal(2);
    });

    it("send an ack only where one is wanted", async () => {
      pair.a.to(pair.toB).emit("x", 1);
      await pair.a.to(pair.toB).emit("x", 2).ackd();
      // A run of acks, of which the first has the id 2, has one reply.
      const acks = JSON.stringify(pair.right.sent).match(/\[515,.*?\]/g);
      expect(acks).to.deep.equal(["[515,2,2]"]);
    });

    it("report no failure that somebody has asked for", async () => {
      const told = sinon.spy();
      for (const side of [pair.a, pair.b]) side.lifecycle.on("undelivered", told);
      pair.b.on("fails", () => {
        throw new Error("no");
      });
      await rejection(pair.a.to(pair.toB).emit("fails").ackd());
      await rejection(pair.a.to(pair.toB).emit("x", 1n).ackd());
      await rejection(pair.a.ns("never").to(pair.toB).emit("x").within(20).ackd());
      // These fail before emit returns, and so before anybody could have asked.
      await rejection(pair.a.ns("never").to(pair.toB).emit("x", 1n).ackd());
      await rejection(pair.a.to("parent").emit("x").ackd());
      sinon.assert.notCalled(told);
    });

    it("let go of the signal they were given", async () => {
      const { signal } = new AbortController();
      await pair.a.to(pair.toB).emit("x", 1, { signal }).ackd();
      pair.b.on("fails", () => Promise.reject(new Error("no")));
      await rejection(pair.a.to(pair.toB).emit("fails", 1, { signal }).ackd());
      expect(getEventListeners(signal, "abort")).to.deep.equal([]);
    });

    it("take a message back that is cancelled in the tick of its emit", async () => {
      const heard = sinon.spy();
      pair.b.on("cancelled", heard);
      await pair.a.to(pair.toB).emit("x").ackd();
      const controller = new AbortController();
      const { signal } = controller;
      const cancelled = rejection(pair.a.to(pair.toB).emit("cancelled", 1, { signal }).ackd());
      controller.abort();
      expect(await cancelled).to.include({ code: "ERR_CANCELLED", executed: "no" });
      await pair.a.to(pair.toB).emit("x").ackd();
      sinon.assert.notCalled(heard);
    });

    it("drop a late ack in silence", async () => {
      let answer = (_: unknown): void => {};
      pair.b.on("slow", () => new Promise((resolve) => (answer = resolve)));
      const quiet = sinon.spy();
      pair.a.lifecycle.on("protocolError", quiet).on("undelivered", quiet);
      await rejection(pair.a.to(pair.toB).emit("slow").within(20).ackd());
      answer("too late");
      await pair.a.to(pair.toB).emit("x").ackd();
      sinon.assert.notCalled(quiet);
    });
  });

  describe("errors of listeners", () => {
    const causeOf = async (thrown: unknown) => {
      pair.b.once("fails", () => {
        throw thrown;
      });
      const error = await rejection(pair.a.to(pair.toB).emit("fails").ackd());
      expect(error).to.include({ code: "ERR_REMOTE", executed: "yes" });
      return error.cause as Error & Record<string, unknown>;
    };

    it("arrive also where a getter throws", async () => {
      const thrown = Object.defineProperties(new TypeError("with a trap"), {
        code: {
          get() {
            throw new Error("a trap");
          },
        },
        data: {
          enumerable: true,
          get() {
            throw new Error("another");
          },
        },
      });
      expect(await causeOf(thrown)).to.include({ name: "TypeError", message: "with a trap" });
    });

    it("arrive also where they are the cause of each other", async () => {
      const thrown: Error = new Error("outer", { cause: new Error("inner") });
      (thrown.cause as Error).cause = thrown;
      const cause = await causeOf(thrown);
      expect(cause).to.have.nested.property("cause.cause.message", "outer");
    });

    it("leave out of their data what cannot be encoded", async () => {
      const circle: Record<string, unknown> = {};
      circle["itself"] = circle;
      const cause = await causeOf(Object.assign(new Error("rich"), { big: 1n, circle, count: 2 }));
      expect(Object.keys(cause)).to.deep.equal(["count"]);
      expect(cause["count"]).to.equal(2);
    });

    it("keep the prototype they have here, whatever their data is called", async () => {
      const data = JSON.parse('{"__proto__": {"isPolluted": true}}') as object;
      const thrown = Object.defineProperties(new Error("named"), {
        ...Object.getOwnPropertyDescriptors(data),
      });
      const cause = await causeOf(thrown);
      expect(Object.getPrototypeOf(cause)).to.equal(Error.prototype);
      expect(Object.getOwnPropertyDescriptor(cause, "__proto__")?.value).to.deep.equal({
        isPolluted: true,
      });
    });

    it("are errors also if they come from another realm", async () => {
      const cause = await causeOf(runInNewContext('new RangeError("from elsewhere")'));
      expect(cause).to.include({ name: "RangeError", message: "from elsewhere" });
      expect(cause).to.not.have.property("thrown");
    });

    it("bring all errors of an AggregateError", async () => {
      const errors = [new Error("one"), new TypeError("two")];
      const cause = await causeOf(new AggregateError(errors, "several"));
      expect(cause).to.have.nested.property("errors[0].message", "one");
      expect(cause).to.have.nested.property("errors[1].name", "TypeError");
    });

    it("are errors of the listener also if they are those of a bus", async () => {
      pair.b.on("asks", (_, message) => pair.b.to(message.peer).emit("nobody listens").ackd());
      pair.a.on("x", () => 1);
      const error = await rejection(pair.a.to(pair.toB).emit("asks").ackd());
      expect(error).to.include({ code: "ERR_REMOTE", executed: "yes" });
      expect(error.cause).to.include({ name: "BusError", code: "ERR_UNHANDLED" });
    });
  });

  describe("several listeners", () => {
    it("are all waited for, whatever the others did", async () => {
      let release = (): void => {};
      const gate = new Promise<void>((resolve) => (release = resolve));
      let isOver = false;
      pair.b.on("x", () => "at once");
      pair.b.on("x", async () => {
        throw new Error("soon");
      });
      pair.b.on("x", async () => {
        await gate;
        isOver = true;
      });
      pair.b.on("probe", () => 1);
      const answer = rejection(pair.a.to(pair.toB).emit("x").ackd()).then(() => isOver);
      await pair.a.to(pair.toB).emit("probe").ackd();
      release();
      expect(await answer).to.equal(true);
    });

    it("fail with the first-registered failure, whichever comes first in time", async () => {
      pair.b.on("x", async () => {
        await turn();
        throw new Error("registered first");
      });
      pair.b.on("x", async () => {
        throw new Error("the first in time");
      });
      pair.b.on("x", () => {
        throw new Error("at once");
      });
      const error = await rejection(pair.a.to(pair.toB).emit("x").ackd());
      expect(error.cause).to.have.property("message", "registered first");
    });

    it("reply with the first answer in order of registration; null is one", async () => {
      pair.b.on("x", async () => {
        await turn();
        return null;
      });
      pair.b.on("x", () => "later");
      expect(await pair.a.to(pair.toB).emit("x").ackd()).to.equal(null);
    });
  });

  describe("the time for an ack", () => {
    const timeoutOf = async (from: Bus) => {
      const error = await rejection(from.to(pair.toB).emit("x").ackd());
      expect(error).to.have.property("code", "ERR_ACK_TIMEOUT");
      return Number(/within (\d+) ms/.exec(error.message)?.[1]);
    };

    it("is 10 s by default", () => {
      expect(pair.a.ackTimeout).to.equal(10_000);
      expect(pair.a.ns("any").ackTimeout).to.equal(10_000);
      expect(bus.ackTimeout).to.equal(10_000);
    });

    it("is given again to an ack that has arrived, while a middleware holds it", async () => {
      let answer = (): void => {};
      let release = (): void => {};
      const gate = new Promise<void>((resolve) => (release = resolve));
      pair.b.on("x", () => new Promise<void>((resolve) => (answer = resolve)));
      pair.b.on("hang", () => new Promise(() => {}));
      const peer = pair.a.to(pair.toB);
      pair.a.use(async (message, next) => {
        if (message.kind === "ack") await gate;
        await next();
      });
      const reply = peer.emit("x").within(400).ackd();
      const [soon, afterwards] = [200, 450].map((ms) =>
        rejection(peer.emit("hang").within(ms).ackd()),
      );
      await soon;
      answer();
      await afterwards;
      release();
      expect(await reply).to.equal(undefined);
    });

    it("is that of the central bus, where a namespace has not its own", async () => {
      pair.a.ackTimeout = 21;
      const own = pair.a.ns("own");
      own.ackTimeout = 22;
      expect([pair.a, pair.a.ns("any"), own].map((each) => each.ackTimeout)).to.deep.equal([
        21, 21, 22,
      ]);
      expect(await timeoutOf(pair.a.ns("any"))).to.equal(21);
      expect(await timeoutOf(own)).to.equal(22);
    });
  });

  describe("frames", () => {
    it("are shared by the messages of one tick, half of them each, and by their acks", async () => {
      pair.b.on("x", (data) => data);
      await pair.a.to(pair.toB).emit("x").ackd();
      const before = [pair.left.sent.length, pair.right.sent.length];
      const peer = pair.a.to(pair.toB);
      await Promise.all(Array.from({ length: 64 }, (_, i) => peer.emit("x", i).ackd()));
      const after = [pair.left.sent.length, pair.right.sent.length];
      expect(after.map((count, i) => count - (before[i] ?? 0))).to.deep.equal([2, 2]);
    });

    it("are plain objects with one own key", async () => {
      pair.b.on("x", () => 1);
      await pair.a.to(pair.toB).emit("x").ackd();
      for (const frame of [...pair.left.sent, ...pair.right.sent]) {
        expect(Object.getPrototypeOf(frame)).to.equal(Object.prototype);
        expect(Reflect.ownKeys(frame)).to.deep.equal(["clusterphone2"]);
      }
    });

    it("are written in the tick of the emit, also a lone message", async () => {
      pair.b.on("x", () => 1);
      await pair.a.to(pair.toB).emit("x").ackd();
      const before = pair.left.sent.length;
      pair.a.to(pair.toB).emit("x");
      expect(pair.left.sent).to.have.length(before);
      await new Promise<void>((resolve) => process.nextTick(resolve));
      expect(pair.left.sent).to.have.length(before + 1);
    });

    it("begin with a hello, of the protocol's version, on either side", async () => {
      pair.b.on("x", () => 1);
      const { bus: early, hub } = lonelyBus();
      early.on("x", () => 1);
      await turn();
      const { left } = memoryPair();
      hub.attach(left).greet();
      await turn();
      for (const link of [pair.left, pair.right, left]) {
        const [first] = itemsOf(link.sent);
        expect(first?.slice(0, 3)).to.deep.equal([0, 2, 0]);
      }
    });

    it("leave out what was read before: data is taken at the end of the tick, or at emit if it waits", async () => {
      pair.b.on("x", (data) => data);
      const waiting = { value: "at emit" };
      const first = pair.a.to(pair.toB).emit("x", waiting).ackd();
      waiting.value = "later";
      expect(await first).to.deep.equal({ value: "at emit" });
    });

    it("send toJSON's result, also if that is nothing", async () => {
      pair.b.on("type", (data) => typeof data);
      pair.b.on("x", (data) => data);
      const peer = pair.a.to(pair.toB);
      expect(await peer.emit("type").ackd()).to.equal("undefined");
      expect(await peer.emit("type", { toJSON: () => undefined }).ackd()).to.equal("undefined");
      expect(await peer.emit("x", { toJSON: () => ({ a: 1 }) }).ackd()).to.deep.equal({ a: 1 });
      expect(await peer.emit("x", new Date(0)).ackd()).to.equal("1970-01-01T00:00:00.000Z");
      for (const unfit of [() => 1, Symbol("x")]) {
        const error = await rejection(peer.emit("x", unfit).ackd());
        expect(error).to.have.property("code", "ERR_NOT_SERIALIZABLE");
      }
    });
  });

  describe("readiness", () => {
    it("comes one turn after the first listener, so that those of the same turn are there", async () => {
      const reply = pair.a.to(pair.toB).emit("second").ackd();
      pair.b.on("first", () => 1);
      await Promise.resolve();
      pair.b.on("second", () => 2);
      expect(await reply).to.equal(2);
    });

    it("is not told before that turn is over", async () => {
      pair.a.on("probe", () => 1);
      await pair.b.to(pair.toA).emit("probe").ackd();
      pair.b.on("first", () => 1);
      pair.right.sent.length = 0;
      const told = () => JSON.stringify(pair.right.sent).includes('"_"');
      for (let i = 0; i < 5; i++) {
        await new Promise<void>((resolve) => process.nextTick(resolve));
        expect(told()).to.equal(false);
      }
      await turn();
      expect(told()).to.equal(true);
    });

    it("waits for ready() where it is manual", async () => {
      const manual = pair.b.ns("manual", { ready: "manual" });
      manual.on("x", () => "ready");
      const sent = pair.a.ns("manual").to(pair.toB);
      const reply = sent.emit("x").ackd();
      pair.b.on("probe", () => 1);
      await pair.a.to(pair.toB).emit("probe").ackd();
      expect(sent.peer.isReady("manual")).to.equal(false);
      manual.ready();
      expect(await reply).to.equal("ready");
    });

    it("stays after off()", async () => {
      const listener = () => 1;
      pair.b.on("x", listener);
      await pair.a.to(pair.toB).emit("x").ackd();
      pair.b.off("x", listener);
      const error = await rejection(pair.a.to(pair.toB).emit("x").ackd());
      expect(error).to.have.property("code", "ERR_UNHANDLED");
      expect(error.message).to.include(
        '"x" has no listener in namespace "_"; it listens to nothing',
      );
      expect(pair.toB.isReady("_")).to.equal(true);
    });

    it("names to who asks for an event without listener the first ten that have one", async () => {
      const app = pair.a.ns("app").to(pair.toB);
      const text = async () => (await rejection(app.emit("x").ackd())).message;
      const here = pair.b.ns("app");
      here.on("one", () => 1).on("one", () => 1);
      here.once('"two"\n', () => 2);
      expect(await text()).to.match(/it listens to "one", "\\"two\\"\\n"$/);
      for (let index = 3; index <= 10; index++) here.on(`n${index}`, () => index);
      expect(await text()).to.match(/"n9", "n10"$/);
      here.on("n11", () => 11).on("x".repeat(4096), () => 12);
      expect(await text()).to.match(/"n9", "n10", and 2 more$/);
      const [asks, answers] = [lonelyBus(), lonelyBus()];
      const { left, right } = memoryPair();
      answers.hub.answer(answers.hub.namespace("_"), {
        find: () => undefined,
        events: () => ["elsewhere"],
      });
      answers.hub.attach(right);
      const found = await rejection(asks.bus.to(asks.hub.attach(left)).emit("x").ackd());
      expect(found.message).to.match(/it listens to "elsewhere"$/);
    });

    it("is of no account to off(), which removes one listener of one event, or all of it", async () => {
      const peer = pair.a.to(pair.toB);
      const [one, two] = [() => undefined, () => "two"];
      pair.b.on("x", one).on("x", two).on("y", two).off("x", one).off("y", one).off("nothing");
      expect(await peer.emit("x").ackd()).to.equal("two");
      expect(await peer.emit("y").ackd()).to.equal("two");
      pair.b.on("x", one).off("x");
      expect(await rejection(peer.emit("x").ackd())).to.have.property("code", "ERR_UNHANDLED");
      expect(await peer.emit("y").ackd()).to.equal("two");
    });

    it("is told to peers that come after off()", async () => {
      const { bus: listening, hub } = lonelyBus();
      const late = lonelyBus();
      listening.on("x", () => 1);
      await turn();
      listening.off("x");
      const { left, right } = memoryPair();
      hub.attach(left).greet();
      const peer = late.hub.attach(right);
      const ready = nextEvent(late.bus.lifecycle, "ready");
      peer.greet();
      expect(await ready).to.deep.equal([peer, "_"]);
    });

    it("makes a peer writable", async () => {
      expect(pair.toB.writable).to.equal(false);
      pair.b.on("x", () => 1);
      await pair.a.to(pair.toB).emit("x").ackd();
      expect(pair.toB.writable).to.equal(true);
    });

    it("is told by lifecycle, and cannot be forged by an event", async () => {
      const told: string[] = [];
      pair.a.lifecycle.on("up", (peer) => told.push(`up ${peer.id}`));
      pair.a.lifecycle.on("ready", (_, namespace) => told.push(`ready ${namespace}`));
      pair.b.on("x", () => 1);
      for (const name of ["up", "ready", "down"]) pair.a.on(name, () => "just an event");
      await pair.a.to(pair.toB).emit("x").ackd();
      expect(await pair.b.to(pair.toA).emit("down").ackd()).to.equal("just an event");
      expect(told).to.deep.equal(["up memory:left", "ready _"]);
    });

    it("and everything else that lifecycle tells is out of the reach of peers", async () => {
      const names = ["up", "ready", "down", "undelivered", "protocolError"] as const;
      pair.b.on("x", () => 1);
      await pair.a.to(pair.toB).emit("x").ackd();
      const told = sinon.spy();
      for (const name of names) pair.b.lifecycle.on(name, told);
      for (const name of names) {
        const unheard = await rejection(pair.a.to(pair.toB).emit(name).ackd());
        expect(unheard).to.have.property("code", "ERR_UNHANDLED");
        await rejection(pair.a.ns("lifecycle").to(pair.toB).emit(name).within(20).ackd());
      }
      sinon.assert.notCalled(told);
    });
  });

  describe("queue", () => {
    it("rejects beyond its bound, that message only", async () => {
      pair.a.limits.pending = 1100;
      const peer = pair.a.to(pair.toB);
      const results = Promise.allSettled(
        ["a", "b".repeat(900), "c".repeat(500), "d"].map((data) => peer.emit("x", data).ackd()),
      );
      pair.b.on("x", (data) => String(data).charAt(0));
      const [a, b, c, d] = await results;
      expect([a, b, d]).to.deep.equal(
        ["a", "b", "d"].map((value) => ({ status: "fulfilled", value })),
      );
      expect(c).to.have.nested.property("reason.code", "ERR_QUEUE_FULL");
      expect(c).to.have.nested.property("reason.executed", "no");
    });

    it("has room again when messages have left it", async () => {
      pair.a.limits.pending = 1000;
      const peer = pair.a.to(pair.toB);
      await rejection(peer.emit("x", "a".repeat(900)).within(20).ackd());
      const next = peer.emit("x", "b".repeat(900)).ackd();
      pair.b.on("x", () => "fits");
      expect(await next).to.equal("fits");
      expect(pair.toB.backlog.waiting).to.equal(0);
    });

    it("has room again when messages were written, also those that are not answered", async () => {
      const peer = pair.a.to(pair.toB);
      const pending = rejection(peer.emit("hang", "a".repeat(900)).ackd());
      expect(pair.toB.backlog.waiting).to.be.above(900);
      pair.b.on("hang", () => new Promise(() => {}));
      pair.b.on("probe", () => 1);
      await peer.emit("probe").ackd();
      expect(pair.toB.backlog.waiting).to.equal(0);
      pair.cut();
      await pending;
    });

    it("tells of a reply that is too large to wait, and that the listener ran", async () => {
      pair.b.on("x", (data) => "x".repeat(data as number));
      const peer = pair.a.to(pair.toB);
      await peer.emit("x", 1).ackd();
      pair.b.limits.message = 500;
      const written = new Promise<void>((resolve) => {
        pair.b.use(async (message, next) => {
          await next();
          if (message.direction === "outbound") resolve();
        });
      });
      pair.right.stop();
      const unwritten = peer.emit("x", 2).ackd();
      await written;
      await turn();
      const tooLarge = rejection(peer.emit("x", 600).ackd());
      const fits = peer.emit("x", 400).ackd();
      await turn();
      await turn();
      pair.right.resume();
      expect(await tooLarge).to.include({ code: "ERR_TOO_LARGE", executed: "yes" });
      expect(await unwritten).to.have.length(2);
      expect(await fits).to.have.length(400);
    });

    it("refuses a message above the largest size", async () => {
      pair.a.limits.message = 100;
      const error = await rejection(pair.a.to(pair.toB).emit("x", "x".repeat(200)).ackd());
      expect(error).to.include({ code: "ERR_TOO_LARGE", executed: "no" });
    });

    it("lets a message expire that was given a time, though nobody waits for it, and tells lifecycle", async () => {
      const heard = sinon.spy();
      const expired = nextEvent(pair.a.lifecycle, "undelivered");
      pair.a.to(pair.toB).emit("x", 1).within(20);
      const [error] = await expired;
      expect(error).to.include({ code: "ERR_ACK_TIMEOUT", executed: "no" });
      pair.b.on("x", heard);
      pair.b.on("probe", () => 1);
      await pair.a.to(pair.toB).emit("probe").within(5000).ackd();
      sinon.assert.notCalled(heard);
    });

    it("tells of what cannot wait because it cannot be encoded", async () => {
      const error = await rejection(pair.a.to(pair.toB).emit("x", 1n).ackd());
      expect(error).to.include({ code: "ERR_NOT_SERIALIZABLE", executed: "no" });
    });
  });

  describe("replies without room", () => {
    it("are answered with ERR_QUEUE_FULL, executed yes, and the next find room again", async () => {
      pair.b.on("large", () => "x".repeat(1000));
      const peer = pair.a.to(pair.toB);
      await peer.emit("large").ackd();
      pair.b.limits.pending = 3000;
      pair.right.stop();
      const results = Promise.allSettled(
        Array.from({ length: 40 }, () => peer.emit("large").within(200).ackd()),
      );
      await turn();
      await turn();
      // By now the first frame of answers is written, and not taken.
      const more = Promise.allSettled(
        Array.from({ length: 40 }, () => peer.emit("large").within(200).ackd()),
      );
      await turn();
      await turn();
      pair.right.resume();
      const codes = [...(await results), ...(await more)].map((result) =>
        result.status === "fulfilled" ? "ok" : (result.reason as { code: string }).code,
      );
      expect(codes).to.include("ok").and.to.include("ERR_QUEUE_FULL");
      expect(await peer.emit("large").ackd()).to.have.length(1000);
      expect(pair.toA.protocolErrors).to.equal(0);
      expect(pair.toA.backlog.waiting).to.equal(0);
    });

    it("keep nothing of a reply or an error for which there is no room, but their state", async () => {
      const acks: Message[] = [];
      pair.b.use((message, next) => {
        if (message.direction === "inbound") message.state["seen"] = true;
        else if (message.kind === "ack") acks.push(message);
        return next();
      });
      pair.b.on("large", () => "x".repeat(2900));
      pair.b.on("fails", () => {
        throw new Error("y".repeat(2900));
      });
      const peer = pair.a.to(pair.toB);
      await peer.emit("large").ackd();
      pair.b.limits.pending = 5900;
      pair.right.stop();
      const filling: Promise<unknown>[] = [];
      for (let turns = 0; turns < 9; turns++) {
        if (turns % 3 === 0) filling.push(peer.emit("large").ackd().catch(String));
        await turn();
      }
      const first = acks.length;
      const refused = [peer.emit("large"), peer.emit("fails")].map((sent) =>
        rejection(sent.ackd()),
      );
      while (acks.length < first + 2) await turn();
      await turn();
      for (const ack of acks.slice(first)) {
        expect(ack).to.have.property("reply", undefined);
        expect(ack.error).to.include({ code: "ERR_QUEUE_FULL", executed: "yes" });
        expect(ack.error).not.to.have.property("cause");
        expect(ack).to.have.property("origin").that.is.not.instanceOf(InboundEvent);
        expect(ack.state).to.deep.equal({ seen: true });
      }
      pair.right.resume();
      for (const error of refused) expect(await error).to.have.property("code", "ERR_QUEUE_FULL");
      await Promise.all(filling);
    });

    it("say executed no where no listener has run", async () => {
      pair.b.on("large", () => "x".repeat(2900));
      const peer = pair.a.to(pair.toB);
      await peer.emit("large").ackd();
      pair.b.limits.pending = 5900;
      pair.right.stop();
      const [first, second] = [
        peer.emit("large").ackd(),
        turn().then(() => peer.emit("large").ackd()),
      ];
      // Two turns a message: the first answer is being written, and the second fills the room.
      for (let turns = 0; turns < 5; turns++) await turn();
      const unheard = rejection(peer.emit("nobody-listens").ackd());
      const refused = rejection(peer.emit("large").ackd());
      for (let turns = 0; turns < 5; turns++) await turn();
      pair.right.resume();
      await Promise.all([first, second]);
      expect(await unheard).to.include({ code: "ERR_QUEUE_FULL", executed: "no" });
      expect(await refused).to.include({ code: "ERR_QUEUE_FULL", executed: "yes" });
      expect((await refused).message).to.match(
        /the reply to "large" cannot wait: \d+ of 5900 bytes/,
      );
    });
  });

  describe("bounds", () => {
    it("hold for what waits behind a middleware that awaits", async () => {
      pair.b.on("x", () => 1);
      pair.a.limits.pending = 5000;
      let release = () => {};
      const gate = new Promise<void>((resolve) => (release = resolve));
      pair.a.use((message, next) => (message.data === "first" ? gate.then(next) : next()));
      const peer = pair.a.to(pair.toB);
      const first = peer.emit("x", "first").ackd();
      const results = Promise.allSettled(
        Array.from({ length: 10 }, () => peer.emit("x", "x".repeat(1000)).ackd()),
      );
      release();
      await first;
      const states = (await results).map(({ status }) => status);
      expect(states.filter((state) => state === "fulfilled")).to.have.length(4);
      expect(pair.toB.backlog.waiting).to.equal(0);
    });

    it("hold for the bytes of one tick", async () => {
      pair.b.on("x", () => 1);
      const peer = pair.a.to(pair.toB);
      await peer.emit("x").ackd();
      pair.a.limits.pending = 2 ** 20;
      const results = await Promise.allSettled(
        Array.from({ length: 50 }, () => peer.emit("x", "x".repeat(100_000)).ackd()),
      );
      const full = results.filter(({ status }) => status === "rejected");
      expect(full.length).to.be.within(35, 45);
      expect(full[0]).to.have.nested.property("reason.code", "ERR_QUEUE_FULL");
    });

    it("hold for a single message, whether it waits or not, and for a reply", async () => {
      pair.b.on("x", () => "y".repeat(500));
      const peer = pair.a.to(pair.toB);
      await peer.emit("x").ackd();
      pair.a.limits.message = 100;
      const large = await rejection(peer.emit("x", { text: "x".repeat(200) }).ackd());
      expect(large).to.include({ code: "ERR_TOO_LARGE", executed: "no" });
      pair.b.limits.message = 100;
      const reply = await rejection(peer.emit("x").ackd());
      expect(reply).to.include({ code: "ERR_TOO_LARGE", executed: "yes" });
    });
  });

  describe("flushed()", () => {
    it("resolves when what waited has expired", async () => {
      pair.a.lifecycle.on("undelivered", () => {});
      pair.a.to(pair.toB).emit("nobody-opens").within(20);
      await pair.a.flushed();
      expect(pair.toB.backlog.waiting).to.equal(0);
    });

    it("resolves when a middleware has dropped what was on its way", async () => {
      pair.a.lifecycle.on("undelivered", () => {});
      pair.a.use(async () => {
        await turn();
      });
      pair.a.to(pair.toB).emit("x");
      await pair.a.flushed();
    });
  });

  describe("when the peer goes", () => {
    it("settles what waits and what was sent, each with the truth about executed", async () => {
      pair.b.on("hangs", () => new Promise(() => {}));
      pair.b.on("probe", () => 1);
      await pair.a.to(pair.toB).emit("probe").ackd();
      const sent = rejection(pair.a.to(pair.toB).emit("hangs").ackd());
      const queued = rejection(pair.a.ns("unopened").to(pair.toB).emit("x").ackd());
      await pair.a.to(pair.toB).emit("probe").ackd();
      const down = nextEvent(pair.a.lifecycle, "down");
      pair.cut({ exitCode: 3 });
      expect(await sent).to.include({ code: "ERR_PEER_DIED", executed: "maybe", exitCode: 3 });
      expect(await queued).to.include({ code: "ERR_PEER_DIED", executed: "no", exitCode: 3 });
      expect((await down)[0]).to.equal(pair.toB);
      expect(pair.toB.state).to.equal("down");
      expect(pair.toB.isReady("_")).to.equal(false);
      expect(pair.toB.writable).to.equal(true);
      await pair.toB.drained();
      expect(pair.a.peers).to.deep.equal([]);
      const after = await rejection(pair.a.to(pair.toB).emit("probe").ackd());
      expect(after).to.include({ code: "ERR_PEER_DIED", executed: "no", exitCode: 3 });
    });

    it("settles what a middleware holds, and what waits behind that", async () => {
      pair.b.on("probe", () => 1);
      await pair.a.to(pair.toB).emit("probe").ackd();
      pair.a.use(() => new Promise(() => {}));
      const held = ["held", "behind"].map((data) =>
        rejection(pair.a.to(pair.toB).emit("x", data).ackd()),
      );
      await turn();
      pair.cut();
      for (const error of await Promise.all(held)) {
        expect(error).to.include({ code: "ERR_PEER_DIED", executed: "no" });
      }
    });

    it("aborts the signal of what it had asked for", async () => {
      const aborted = new Promise((resolve) => {
        pair.b.on("work", (_, message) => {
          message.signal.addEventListener("abort", () => resolve(message.signal.reason));
          return new Promise(() => {});
        });
      });
      rejection(pair.a.to(pair.toB).emit("work").ackd()).catch(() => {});
      pair.b.on("probe", () => 1);
      await pair.a.to(pair.toB).emit("probe").ackd();
      pair.cut();
      expect(await aborted).to.have.property("code", "ERR_PEER_DIED");
    });
  });

  it("has no parent in a process that has none, and says so", async () => {
    const error = await rejection(pair.a.to("parent").emit("x").ackd());
    expect(error).to.include({ code: "ERR_NO_PEER", executed: "no" });
    expect(error.message).to.match(/no parent/);
    expect(pair.a.to("parent").peer.state).to.equal("down");
  });

  it("shows of a peer what one looks for", () => {
    expect(inspect(pair.toB)).to.equal(
      "{ id: 'memory:left', kind: 'memory', state: 'connecting' }",
    );
  });

  it("settles at once what is sent to a child that is dead already", async () => {
    const child = fork(new URL(import.meta.url), [], { execArgv: ["-e", "process.exit(4)"] });
    await nextEvent(child, "exit");
    const error = await rejection(bus.to(child).emit("x").ackd());
    expect(error).to.include({ code: "ERR_PEER_DIED", executed: "no", exitCode: 4 });
  });

  it("lets a lifecycle listener that throws disturb nothing", async () => {
    const mocha = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    const uncaught = nextEvent(process, "uncaughtException");
    pair.a.lifecycle.on("ready", () => {
      throw new Error("from a lifecycle listener");
    });
    pair.b.on("x", () => 1);
    expect(await pair.a.to(pair.toB).emit("x").ackd()).to.equal(1);
    expect((await uncaught)[0]).to.have.property("message", "from a lifecycle listener");
    for (const listener of mocha) process.on("uncaughtException", listener);
  });

  describe("of what is undelivered, if nobody listens for it,", () => {
    let warned: sinon.SinonSpy<Error[]>;

    beforeEach(() => {
      warned = sinon.spy();
      process.on("warning", warned);
    });

    afterEach(() => {
      process.off("warning", warned);
    });

    it("warns once for an event and a code", async () => {
      const app = pair.a.ns("app");
      for (const event of ["x", "y", "x", "y", "x"]) app.to("parent").emit(event);
      pair.a.to("parent").emit("x");
      app.to(pair.toB).emit("x", 1n);
      await turn();
      const told = warned.args.map(([warning]) => warning?.message.split(" ")[0]);
      expect(told).to.have.members(['"x"', '"y"', '"x"', '"x"']);
      for (const [warning] of warned.args) {
        expect(warning).to.have.property("name", "ClusterphoneWarning");
        expect(warning)
          .to.have.property("code")
          .that.matches(/^ERR_(NO_PEER|NOT_SERIALIZABLE)$/);
      }
      const undelivered = nextEvent(pair.a.lifecycle, "undelivered");
      app.to(pair.toB).emit("z", 1n);
      expect((await undelivered)[0]).to.have.property("code", "ERR_NOT_SERIALIZABLE");
      await turn();
      sinon.assert.callCount(warned, 4);
    });

    it("warns of so many and no more, though names are made up without end", async () => {
      for (let index = 0; index < 500; index++) pair.a.to("parent").emit(`x${index}`);
      await turn();
      sinon.assert.callCount(warned, 100);
    });
  });
});
