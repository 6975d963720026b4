import { AsyncLocalStorage } from "node:async_hooks";
import { expect } from "chai";
import sinon from "sinon";
import type { Crossing, Layer, Middleware, Slot } from "../../lib/chain/layer.ts";
import { logging, type Message, queueing } from "../../lib/index.ts";
import { memoryPair } from "../../lib/links/memory.ts";
import type { Session as Peer } from "../../lib/peer/session.ts";
import { type BusPair, busPair, lonelyBus, nextEvent, rejection, turn } from "../support/buses.ts";
import { tagOf } from "../support/frames.ts";
import { runScript } from "../support/processes.ts";

describe("middleware", () => {
  let pair: BusPair;
  const crossing = (message: Message) => `${message.direction} ${message.kind} ${message.event}`;
  /** A layer that takes the place of a built-in. */
  const inPlaceOf = (slot: Slot, layer: Middleware, crossings?: readonly Crossing[]): Layer =>
    Object.assign(layer, { slot, ...(crossings && { crossings }) });

  beforeEach(() => {
    pair = busPair();
    pair.b.on("echo", (data) => data);
  });

  it("sees every crossing once, acks too, on both sides", async () => {
    const seen: Record<"a" | "b", string[]> = { a: [], b: [] };
    for (const side of ["a", "b"] as const) {
      pair[side].use((message, next) => {
        seen[side].push(crossing(message));
        return next();
      });
    }
    await pair.a.to(pair.toB).emit("echo", 1).ackd();
    expect(seen.a).to.deep.equal(["outbound event echo", "inbound ack echo"]);
    expect(seen.b).to.deep.equal(["inbound event echo", "outbound ack echo"]);
  });

  it("sees no ack where none is wanted", async () => {
    const seen: string[] = [];
    pair.b.use((message, next) => {
      seen.push(crossing(message));
      return next();
    });
    pair.a.to(pair.toB).emit("echo", 1);
    await pair.a.to(pair.toB).emit("echo", 2).ackd();
    expect(seen.filter((each) => each === "outbound ack echo")).to.have.length(1);
  });

  it("runs in order of registration outbound, in reverse inbound", async () => {
    const order: string[] = [];
    for (const name of ["first", "second"]) {
      pair.a.use((message, next) => {
        order.push(`${name} ${message.direction}`);
        return next();
      });
    }
    await pair.a.to(pair.toB).emit("echo").ackd();
    expect(order).to.deep.equal([
      "first outbound",
      "second outbound",
      "second inbound",
      "first inbound",
    ]);
  });

  it("of the central bus covers every namespace, of a namespaced bus only that one", async () => {
    const central: string[] = [];
    const namespaced: string[] = [];
    pair.a.use((message, next) => {
      if (message.kind === "event") central.push(message.namespace);
      return next();
    });
    pair.a.ns("one").use((message, next) => {
      if (message.kind === "event") namespaced.push(message.namespace);
      return next();
    });
    pair.b.ns("one").on("x", () => 1);
    pair.b.ns("two").on("x", () => 2);
    await pair.a.ns("one").to(pair.toB).emit("x").ackd();
    await pair.a.ns("two").to(pair.toB).emit("x").ackd();
    expect(central).to.deep.equal(["one", "two"]);
    expect(namespaced).to.deep.equal(["one"]);
  });

  it("has the reply after next() inbound, and the message on its way after next() outbound", async () => {
    const found: unknown[] = [];
    pair.b.on("later", async () => {
      await turn();
      return "reply";
    });
    pair.b.on("fails", async () => {
      throw new TypeError("no");
    });
    pair.b.use(async (message, next) => {
      await next();
      if (message.kind === "event") found.push(message.reply ?? message.error?.name);
    });
    let wasParked = false;
    pair.a.use(async (message, next) => {
      await next();
      if (message.direction === "outbound" && !pair.toB.isReady("_")) wasParked = true;
    });
    await pair.a.to(pair.toB).emit("later").ackd();
    await rejection(pair.a.to(pair.toB).emit("fails").ackd());
    expect(found).to.deep.equal(["reply", "TypeError"]);
    expect(wasParked).to.equal(true);
  });

  it("carries headers to the other side, and state to the ack of the same message", async () => {
    pair.a.use(async (message, next) => {
      if (message.direction === "outbound") {
        message.headers["trace"] = "t-1";
        message.state["started"] = "here";
      }
      await next();
    });
    const inbound: unknown[] = [];
    pair.a.use((message, next) => {
      if (message.kind === "ack") inbound.push({ ...message.headers }, message.state["started"]);
      return next();
    });
    pair.b.use((message, next) => {
      if (message.kind === "event") message.state["trace"] = message.headers["trace"];
      else message.headers["trace"] = `${String(message.state["trace"])}-back`;
      return next();
    });
    await pair.a.to(pair.toB).emit("echo").ackd();
    expect(inbound).to.deep.equal([{ trace: "t-1-back" }, "here"]);
    expect(Object.getPrototypeOf({})).to.not.have.property("trace");
  });

  it("sends headers as strings, and takes none that are not", async () => {
    pair.a.use((message, next) => {
      Object.assign(message.headers, { count: 5, nothing: null });
      return next();
    });
    const seen: unknown[] = [];
    pair.b.use((message, next) => {
      if (message.kind === "event") seen.push({ ...message.headers });
      return next();
    });
    await pair.a.to(pair.toB).emit("echo").ackd();
    pair.right.receive({
      clusterphone2: [tagOf(pair.left), 100, [2, 900, "_", "echo", { h: { a: 5, b: {}, c: "c" } }]],
    });
    expect(seen).to.deep.equal([{ count: "5", nothing: "null" }, { c: "c" }]);
  });

  it("may replace data and reply", async () => {
    pair.a.use((message, next) => {
      if (message.direction === "outbound") message.data = `${String(message.data)}!`;
      else message.reply = `${String(message.reply)}?`;
      return next();
    });
    expect(await pair.a.to(pair.toB).emit("echo", "hi").ackd()).to.equal("hi!?");
    pair.b.use((message, next) => {
      if (message.direction === "outbound") message.reply = `${String(message.reply)}+`;
      else message.data = `${String(message.data)}-`;
      return next();
    });
    expect(await pair.a.to(pair.toB).emit("echo", "hi").ackd()).to.equal("hi!-+?");
  });

  it("may answer in place of a listener that is missing, or has failed", async () => {
    pair.b.on("fails", () => {
      throw new Error("no");
    });
    pair.b.use(async (message, next) => {
      await next();
      if (message.kind !== "event" || !message.error) return;
      message.error = undefined;
      message.reply = "fallback";
    });
    const peer = pair.a.to(pair.toB);
    expect(await peer.emit("missing").ackd()).to.equal("fallback");
    expect(await peer.emit("fails").ackd()).to.equal("fallback");
  });

  describe("that drops a message", () => {
    const drop = (which: string): Middleware =>
      function dropper(message, next) {
        if (`${message.direction} ${message.kind}` !== which) return next();
      };
    const cases = {
      "outbound event": { side: "a", executed: "no" },
      "inbound event": { side: "b", executed: "no" },
      "outbound ack": { side: "b", executed: "yes" },
      "inbound ack": { side: "a", executed: "yes" },
    } as const;

    for (const [which, { side, executed }] of Object.entries(cases)) {
      it(`rejects with ERR_REFUSED, executed ${executed}: ${which}`, async () => {
        pair[side].use(drop(which));
        const error = await rejection(pair.a.to(pair.toB).emit("echo", 1).ackd());
        expect(error).to.include({ code: "ERR_REFUSED", executed });
        expect(error.message).to.include('middleware "dropper" did not call next()');
      });

      it(`that throws does the same, with its error as cause: ${which}`, async () => {
        pair[side].use(async (message, next) => {
          if (`${message.direction} ${message.kind}` === which && message.data !== "good") {
            throw new RangeError("not this one");
          }
          await next();
        });
        const error = await rejection(pair.a.to(pair.toB).emit("echo", 1).ackd());
        expect(error).to.include({ code: "ERR_REFUSED", executed });
        expect(error.cause).to.include({ name: "RangeError", message: "not this one" });
      });

      it(`that throws, and is no async function, does the same: ${which}`, async () => {
        pair[side].use((message, next) => {
          if (`${message.direction} ${message.kind}` === which)
            throw new RangeError("not this one");
          return next();
        });
        const error = await rejection(pair.a.to(pair.toB).emit("echo", 1).ackd());
        expect(error).to.include({ code: "ERR_REFUSED", executed });
        expect(error.cause).to.include({ name: "RangeError", message: "not this one" });
      });
    }

    it("disturbs no other message of the batch", async () => {
      pair.a.use((message, next) => {
        if (message.data === "bad") throw new Error("bad");
        return next();
      });
      const results = await Promise.allSettled(
        ["one", "bad", "two"].map((data) => pair.a.to(pair.toB).emit("echo", data).ackd()),
      );
      expect(results.map(({ status }) => status)).to.deep.equal([
        "fulfilled",
        "rejected",
        "fulfilled",
      ]);
    });

    it("is reported where it happened if nobody asked for an ack", async () => {
      pair.b.use(drop("inbound event"));
      const there = nextEvent(pair.b.lifecycle, "undelivered");
      pair.a.to(pair.toB).emit("echo");
      const [error] = await there;
      expect(error).to.have.property("code", "ERR_REFUSED");
    });
  });

  it("that throws after next() takes the message back while it has not been written", async () => {
    const heard = sinon.spy();
    pair.b.on("x", heard);
    await pair.a.to(pair.toB).emit("echo").ackd();
    pair.a.use((message, next) => {
      void next();
      if (message.event === "x") throw new Error("too late?");
    });
    const error = await rejection(pair.a.to(pair.toB).emit("x").ackd());
    expect(error).to.include({ code: "ERR_REFUSED", executed: "no" });
    await pair.a.to(pair.toB).emit("echo").ackd();
    sinon.assert.notCalled(heard);
  });

  it("that throws after next() inbound rejects the receipt, though the listeners have run", async () => {
    for (const [side, kind] of [
      ["b", "event"],
      ["a", "ack"],
    ] as const) {
      const fresh = busPair();
      fresh.b.on("echo", (data) => data);
      fresh[side].use(async (message, next) => {
        await next();
        if (message.direction === "inbound" && message.kind === kind) throw new Error("afterwards");
      });
      const error = await rejection(fresh.a.to(fresh.toB).emit("echo", 1).ackd());
      expect(error).to.include({ code: "ERR_REFUSED", executed: "yes" });
      expect(error.cause).to.have.property("message", "afterwards");
    }
  });

  it("that refuses the ack of an event without a listener does not claim that one has run", async () => {
    pair.b.use((message, next) => (message.kind === "ack" ? undefined : next()));
    const error = await rejection(pair.a.to(pair.toB).emit("nobody-listens").ackd());
    expect(error).to.include({ code: "ERR_REFUSED", executed: "no" });
  });

  it("that throws after next() on an ack takes the answer back, and is the answer", async () => {
    await pair.a.to(pair.toB).emit("echo").ackd();
    pair.right.sent.length = 0;
    pair.b.use((message, next) => {
      void next();
      if (message.direction === "outbound") throw new Error("too late?");
    });
    const error = await rejection(pair.a.to(pair.toB).emit("echo", "an answer").ackd());
    expect(error).to.include({ code: "ERR_REFUSED", executed: "yes" });
    const sent = JSON.stringify(pair.right.sent);
    expect(sent.split("ERR_REFUSED")).to.have.length(2);
    expect(sent).not.to.include("an answer");
  });

  it("sees on an ack either a reply or an error, and may put an error in the place of the reply", async () => {
    const seen: unknown[] = [];
    pair.b.use((message, next) => {
      if (message.direction === "outbound") {
        const { reply, error } = message;
        seen.push(reply, error?.message);
        if (message.event === "echo") message.error = new RangeError("mapped");
      }
      return next();
    });
    pair.b.use(async (message, next) => {
      await next();
      if (message.event !== "half") return;
      message.reply = "no answer";
      throw new Error("half done");
    });
    pair.b.on("half", () => "half");
    const mapped = await rejection(pair.a.to(pair.toB).emit("echo", "a reply").ackd());
    expect(mapped).to.include({ code: "ERR_REMOTE", executed: "yes" });
    expect(mapped.message).to.equal("memory:left: mapped");
    expect(mapped.cause).to.include({ name: "RangeError", message: "mapped" });
    await rejection(pair.a.to(pair.toB).emit("half").ackd());
    expect(seen.slice(0, 3)).to.deep.equal(["a reply", undefined, undefined]);
    expect(seen[3]).to.match(/was refused: half done/);
  });

  it("may make an error of an answer that has arrived", async () => {
    pair.a.use((message, next) => {
      if (message.direction === "inbound") message.error = new RangeError("not good enough");
      return next();
    });
    const error = await rejection(pair.a.to(pair.toB).emit("echo", 1).ackd());
    expect(error).to.include({ code: "ERR_REFUSED", executed: "yes" });
    expect(error.cause).to.include({ name: "RangeError", message: "not good enough" });
  });

  it("that calls next() twice gets its message refused", async () => {
    pair.b.use(async function twice(message, next) {
      await next();
      if (message.kind === "event") await next();
    });
    const error = await rejection(pair.a.to(pair.toB).emit("echo").ackd());
    expect(error).to.include({ code: "ERR_REFUSED", executed: "yes" });
    expect(error.message).to.include("next() was called twice");
  });

  it("that awaits holds back what was emitted later to the same namespace, and nothing else", async () => {
    const order: unknown[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    pair.a.use(async (message, next) => {
      if (message.data === "slow") await gate;
      await next();
    });
    for (const name of ["_", "other"]) pair.b.ns(name).on("x", (data) => order.push(data));
    const peer = pair.a.to(pair.toB);
    const slow = peer.emit("x", "slow").ackd();
    const later = peer.emit("x", "later").ackd();
    await pair.a.ns("other").to(pair.toB).emit("x", "elsewhere").ackd();
    expect(order).to.deep.equal(["elsewhere"]);
    release();
    await Promise.all([slow, later]);
    expect(order).to.deep.equal(["elsewhere", "slow", "later"]);
  });

  it("that awaits holds back nothing to another peer", async () => {
    const { bus: sender, hub } = lonelyBus();
    const [stuck, other] = [lonelyBus(), lonelyBus()].map((receiver) => {
      const { left, right } = memoryPair();
      receiver.bus.on("x", () => 1);
      receiver.hub.attach(right).greet();
      const peer = hub.attach(left);
      peer.greet();
      return peer;
    }) as [Peer, Peer];
    sender.use((message, next) => {
      if (message.kind === "event" && message.peer === stuck) return new Promise(() => {});
      return next();
    });
    const held = rejection(sender.to(stuck).emit("x").ackd());
    expect(await sender.to(other).emit("x").ackd()).to.equal(1);
    stuck.closed({});
    await held;
  });

  it("that awaits an event holds back no ack of the same namespace", async () => {
    pair.a.on("echo", (data) => data);
    await pair.a.to(pair.toB).emit("echo").ackd();
    await pair.b.to(pair.toA).emit("echo").ackd();
    pair.b.use((message, next) => (message.data === "stuck" ? new Promise(() => {}) : next()));
    const stuck = rejection(pair.b.to(pair.toA).emit("echo", "stuck").within(5000).ackd());
    expect(await pair.a.to(pair.toB).emit("echo", "answered").ackd()).to.equal("answered");
    pair.cut();
    expect(await stuck).to.include({ code: "ERR_PEER_DIED", executed: "no" });
  });

  describe("that awaits while the message is cancelled", () => {
    let cancel: () => void;
    let release: () => void;
    let layer: sinon.SinonSpy;
    let heard: sinon.SinonSpy;
    let reported: sinon.SinonSpy;
    let options: { signal: AbortSignal };

    beforeEach(() => {
      const controller = new AbortController();
      options = { signal: controller.signal };
      cancel = () => controller.abort();
      const gate = new Promise<void>((resolve) => (release = resolve));
      layer = sinon.spy(async (message: Message, next: () => Promise<void>) => {
        await gate;
        if (message.data === "fails") throw new Error("too late");
        await next();
      });
      heard = sinon.spy();
      reported = sinon.spy();
      pair.b.on("x", heard);
      pair.a.lifecycle.on("undelivered", reported);
    });

    /** After this, everything that was emitted before has been delivered, or never will be. */
    async function probed(): Promise<void> {
      release();
      await pair.a.to(pair.toB).emit("echo").ackd();
    }

    it("does not send it any more", async () => {
      await pair.a.to(pair.toB).emit("echo").ackd();
      pair.a.use(layer);
      const cancelled = rejection(pair.a.to(pair.toB).emit("x", 1, options).ackd());
      cancel();
      expect(await cancelled).to.include({ code: "ERR_CANCELLED", executed: "no" });
      await probed();
      sinon.assert.notCalled(heard);
    });

    it("does not queue it any more", async () => {
      const late = pair.b.ns("late");
      pair.a.use(layer);
      const cancelled = rejection(pair.a.ns("late").to(pair.toB).emit("x", 1, options).ackd());
      cancel();
      expect(await cancelled).to.include({ code: "ERR_CANCELLED", executed: "no" });
      release();
      await turn();
      late.on("x", heard).on("probe", () => 1);
      await pair.a.ns("late").to(pair.toB).emit("probe").ackd();
      sinon.assert.notCalled(heard);
      expect(pair.toB.backlog.waiting).to.equal(0);
    });

    it("does not see what was cancelled behind it", async () => {
      pair.a.use(layer);
      pair.a.to(pair.toB).emit("x", "first");
      const cancelled = rejection(pair.a.to(pair.toB).emit("x", "behind", options).ackd());
      cancel();
      expect(await cancelled).to.include({ code: "ERR_CANCELLED", executed: "no" });
      await probed();
      const events = layer.args.map(([message]) => message as Message);
      expect(events.filter(({ data }) => data === "behind")).to.deep.equal([]);
      expect(heard.args.map(([data]) => data as unknown)).to.deep.equal(["first"]);
    });

    it("is told once, though it throws afterwards", async () => {
      pair.a.use(layer);
      pair.a.to(pair.toB).emit("x", "fails", options);
      await turn();
      cancel();
      await probed();
      sinon.assert.calledOnceWithMatch(reported, { code: "ERR_CANCELLED", executed: "no" });
    });
  });

  it("that throws after the message was written leaves it open whether a listener ran", async () => {
    await pair.a.to(pair.toB).emit("echo").ackd();
    pair.a.use(async (message, next) => {
      await next();
      await turn();
      if (message.direction === "outbound") throw new Error("afterwards");
    });
    pair.b.on("hang", () => new Promise(() => {}));
    const error = await rejection(pair.a.to(pair.toB).emit("hang").ackd());
    expect(error).to.include({ code: "ERR_REFUSED", executed: "maybe" });
  });

  it("keeps thousands that wait behind an awaiting layer, in order", async () => {
    const seen: unknown[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    pair.a.use((message, next) => (message.data === 0 ? gate.then(next) : next()));
    pair.b.on("x", (data) => {
      seen.push(data);
    });
    const acks = Array.from({ length: 20_000 }, (_, i) => pair.a.to(pair.toB).emit("x", i).ackd());
    release();
    await Promise.all(acks);
    expect(seen).to.deep.equal(Array.from({ length: 20_000 }, (_, i) => i));
  });

  it("runs each message in the asynchronous context of its own emit, also behind an awaiting one", async () => {
    const context = new AsyncLocalStorage<string>();
    const stamped: unknown[] = [];
    pair.a.use(async (message, next) => {
      if (message.direction === "outbound") stamped.push(context.getStore());
      await turn();
      await next();
    });
    const emit = (name: string) =>
      context.run(name, () => pair.a.to(pair.toB).emit("echo", name).ackd());
    await Promise.all(["one", "two", "three"].map(emit));
    expect(stamped).to.deep.equal(["one", "two", "three"]);
  });

  it("times out, never sent, behind a layer that awaits for ever", async () => {
    pair.a.use((message, next) => (message.data === "stuck" ? new Promise(() => {}) : next()));
    const peer = pair.a.to(pair.toB);
    const stuck = rejection(peer.emit("echo", "stuck").within(30).ackd());
    const behind = rejection(peer.emit("echo", "behind").within(30).ackd());
    for (const error of await Promise.all([stuck, behind])) {
      expect(error).to.include({ code: "ERR_ACK_TIMEOUT", executed: "no" });
    }
  });

  describe("that breaks the rules", () => {
    it("and does not await next() causes no unhandled rejection, and the failure behind it is the answer", async () => {
      pair.b.use(async (message, next) => {
        await next();
        if (message.direction === "inbound") throw new Error("too late");
      });
      pair.b.use((message, next) => {
        if (message.direction === "outbound") return next();
        void next();
      });
      const error = await rejection(pair.a.to(pair.toB).emit("echo", 1).ackd());
      expect(error).to.include({ code: "ERR_REFUSED", executed: "yes" });
      expect(error.cause).to.have.property("message", "too late");
    });

    describe("in the place of ack tracking", () => {
      /** Calls next() as it likes, and settles nothing. */
      const inPlace = (layer: Middleware): Layer => inPlaceOf("ackTracking", layer);
      const kinds: Record<string, Middleware> = {
        synchronous: (_, next) => next(),
        asynchronous: async (_, next) => {
          await turn();
          await next();
        },
      };

      for (const [kind, pass] of Object.entries(kinds)) {
        it(`still lets every message settle: ${kind}`, async () => {
          for (const side of ["a", "b"] as const) {
            const fresh = busPair();
            fresh[side].use(inPlace(pass));
            fresh.b.on("echo", (data) => data);
            expect(await fresh.a.to(fresh.toB).emit("echo", side).ackd()).to.equal(side);
            await Promise.all([fresh.a.close(), fresh.b.close()]);
          }
        });

        it(`still refuses what it drops, or throws at: ${kind}`, async () => {
          for (const [side, which, executed] of [
            ["a", "inbound ack", "yes"],
            ["b", "inbound event", "no"],
          ] as const) {
            for (const fault of ["drop", "throw"]) {
              const fresh = busPair();
              fresh[side].use(
                inPlace((message, next) => {
                  if (`${message.direction} ${message.kind}` !== which) return next();
                  return pass(message, async () => {
                    if (fault === "throw") throw new Error("broken tracking");
                  });
                }),
              );
              fresh.b.on("echo", (data) => data);
              const error = await rejection(fresh.a.to(fresh.toB).emit("echo").ackd());
              expect(error).to.include({ code: "ERR_REFUSED", executed });
              expect(error.message).to.match(fault === "throw" ? /broken tracking/ : /dropped/);
            }
          }
        });
      }
    });

    for (const [side, which] of [
      ["a", "inbound ack"],
      ["b", "inbound event"],
    ] as const) {
      for (const kind of ["synchronous", "asynchronous"]) {
        it(`and throws when the message has settled is reported: ${which}, ${kind}`, async () => {
          const late = (message: Message): void => {
            if (`${message.direction} ${message.kind}` === which) throw new Error("far too late");
          };
          const layer: Middleware =
            kind === "synchronous"
              ? (message, next) => {
                  void next();
                  late(message);
                }
              : async (message, next) => {
                  await next();
                  late(message);
                };
          // Further out than ack tracking, whose answer is on its way when it throws.
          pair[side].use(inPlaceOf("fdGuard", layer));
          const told = nextEvent(pair[side].lifecycle, "undelivered");
          expect(await pair.a.to(pair.toB).emit("echo", 1).ackd()).to.equal(1);
          const [error, message] = await told;
          expect(error).to.include({ code: "ERR_REFUSED", executed: "yes" });
          expect(error).to.have.nested.property("cause.message", "far too late");
          expect(message).to.include({ event: "echo", direction: "inbound" });
        });
      }
    }

    it("and throws at an ack whose receipt has timed out is reported", async () => {
      pair.a.use(async (message, next) => {
        if (message.kind === "ack") {
          await timedOut;
          throw new Error("far too late");
        }
        await next();
      });
      const told = nextEvent(pair.a.lifecycle, "undelivered");
      const timedOut = rejection(pair.a.to(pair.toB).emit("echo").within(20).ackd());
      expect(await timedOut).to.include({ code: "ERR_ACK_TIMEOUT" });
      expect((await told)[0]).to.include({ code: "ERR_REFUSED", executed: "yes" });
    });

    it("and never ends on an inbound ack lets the receipt time out, and says so", async () => {
      pair.a.use((message, next) => (message.kind === "ack" ? new Promise(() => {}) : next()));
      const error = await rejection(pair.a.to(pair.toB).emit("echo").within(30).ackd());
      expect(error).to.include({ code: "ERR_ACK_TIMEOUT" });
      expect(error.message).to.include("a middleware does not let it through");
    });

    it("and maps the error of an event without listener does not claim that one ran", async () => {
      pair.b.use(async (message, next) => {
        await next();
        if (message.kind === "event" && message.error) message.error = new Error("mapped");
      });
      const error = await rejection(pair.a.to(pair.toB).emit("nobody").ackd());
      expect(error).to.include({ code: "ERR_REMOTE", executed: "no" });
    });
  });

  it("sees nothing of a message that was cancelled before it was sent", async () => {
    const seen = sinon.spy();
    pair.a.use((message, next) => {
      seen(message.event);
      return next();
    });
    const options = { signal: AbortSignal.abort() };
    await rejection(pair.a.to(pair.toB).emit("echo", 1, options).ackd());
    sinon.assert.notCalled(seen);
  });

  describe("built in", () => {
    it("can be replaced, for one namespace too", async () => {
      const refusing = inPlaceOf("queueing", (message, next) => {
        if (message.peer.isReady(message.namespace)) return next();
      });
      pair.a.ns("strict").use(refusing);
      const error = await rejection(pair.a.ns("strict").to(pair.toB).emit("x").ackd());
      expect(error).to.include({ code: "ERR_REFUSED", executed: "no" });
      expect(await pair.a.to(pair.toB).emit("echo", "others still queue").ackd()).to.equal(
        "others still queue",
      );
    });

    it("stands at the wire's end of the onion also where it was replaced", async () => {
      const order: string[] = [];
      const replaced: Middleware = (_, next) => {
        order.push("the replacement");
        return next();
      };
      const replacement = inPlaceOf("queueing", replaced, ["outbound event"]);
      await pair.a.to(pair.toB).emit("echo").ackd();
      pair.a.use(replacement);
      pair.a.use((message, next) => {
        if (message.direction === "outbound") order.push("the user's");
        return next();
      });
      await pair.a.to(pair.toB).emit("echo").ackd();
      expect(order).to.deep.equal(["the user's", "the replacement"]);
    });

    it("queueing takes bounds in messages", async () => {
      pair.a.use(queueing({ messages: 2 }));
      const results = await Promise.allSettled(
        [1, 2, 3].map((i) => pair.a.to(pair.toB).emit("echo", i).ackd()),
      );
      expect(results.map(({ status }) => status)).to.deep.equal([
        "fulfilled",
        "fulfilled",
        "rejected",
      ]);
      expect(results[2]).to.have.nested.property("reason.code", "ERR_QUEUE_FULL");
    });

    it("queueing takes bounds in bytes", async () => {
      pair.a.use(queueing({ bytes: 1000 }));
      const results = await Promise.allSettled(
        ["a".repeat(900), "b".repeat(900), "c"].map((data) =>
          pair.a.to(pair.toB).emit("echo", data).ackd(),
        ),
      );
      expect(results.map(({ status }) => status)).to.deep.equal([
        "fulfilled",
        "rejected",
        "fulfilled",
      ]);
      expect(results[1]).to.have.nested.property("reason.code", "ERR_QUEUE_FULL");
    });

    it("logging writes a line a crossing to any logger, failures as warnings", async () => {
      const logger = {
        debug: sinon.spy(),
        info: sinon.spy(),
        warn: sinon.spy(),
        error: sinon.spy(),
      };
      pair.a.use(logging({ logger, level: "info" }));
      await pair.a.to(pair.toB).emit("echo", 1).ackd();
      await rejection(pair.a.to(pair.toB).emit("missing").ackd());
      const lines = logger.info.args.map(([line]) => String(line));
      expect(lines).to.deep.equal([
        "-> memory:left _/echo #1",
        "<- memory:left _/echo #1 ack",
        "-> memory:left _/missing #2",
      ]);
      sinon.assert.calledOnceWithMatch(logger.warn, /<- .*missing.*has no listener/);
    });

    it("logging writes to stderr where NODE_DEBUG asks for it", async () => {
      const script = `
        import { MessageChannel } from "node:worker_threads";
        import { bus } from "clusterphone";
        const { port1, port2 } = new MessageChannel();
        bus.on("x", () => 1);
        for (const port of [port1, port2]) bus.to(port);
        await bus.to(port1).emit("x").ackd();
        port1.close();`;
      const { output } = await runScript(script, [], { NODE_DEBUG: "clusterphone" });
      expect(output).to.match(/CLUSTERPHONE \d+: -> port:1 _\/x #1\n/);
      expect(output).to.match(/CLUSTERPHONE \d+: <- port:1 _\/x #1 ack\n/);
    });

    it("logging that is off is not in the chain", () => {
      expect((logging() as Layer).crossings).to.deep.equal([]);
    });
  });
});
