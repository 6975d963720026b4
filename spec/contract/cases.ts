import { expect } from "chai";
import type { Bus } from "../../lib/bus/bus.ts";
import type { PeerTarget } from "../../lib/index.ts";
import { nextEvent, rejection } from "../support/buses.ts";
import { LATE, SERVICE } from "./service.ts";

/** What holds on every link, in either direction. */
export interface Case {
  readonly title: string;
  run(central: Bus, target: PeerTarget): Promise<void>;
}

export const cases: readonly Case[] = [
  {
    title: "replies with what the listener returns, or resolves to",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      expect(await peer.emit("echo", { a: [1, "two", null] }).ackd()).to.deep.equal({
        a: [1, "two", null],
      });
      expect(await peer.emit("echo-later", "x").acknowledged()).to.equal("x");
    },
  },
  {
    title: "carries no data, and no reply, as undefined",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      expect(await peer.emit("type-of").ackd()).to.equal("undefined");
      expect(await peer.emit("type-of", null).ackd()).to.equal("object");
      expect(await peer.emit("echo").ackd()).to.equal(undefined);
      expect(await peer.emit("echo", null).ackd()).to.equal(null);
    },
  },
  {
    title: "calls back in Node's style",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      const good = await new Promise((resolve) => {
        void peer.emit("echo", 1).ackd((...parameters) => resolve(parameters));
      });
      expect(good).to.deep.equal([null, 1]);
      const bad = await new Promise<unknown[]>((resolve) => {
        peer
          .emit("nobody-listens")
          .ackd((...parameters) => resolve(parameters))
          .catch(() => {});
      });
      expect(bad).to.have.length(1);
      expect(bad[0]).to.have.property("code", "ERR_UNHANDLED");
    },
  },
  {
    title: "keeps the order of emit, with and without acks, sync and async listeners mixed",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      await peer.emit("noted").ackd();
      const acks: Promise<unknown>[] = [];
      for (let i = 0; i < 500; i++) {
        const receipt = peer.emit("note", i);
        if (i % 3 === 0) acks.push(receipt.ackd());
        if (i % 100 === 99) await Promise.all(acks);
      }
      const noted = await peer.emit("noted").ackd();
      expect(noted).to.deep.equal(Array.from({ length: 500 }, (_, i) => i));
    },
  },
  {
    title: "answers 1,000 messages of one tick, each with its own reply, in order",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      const settled: number[] = [];
      const replies = await Promise.all(
        Array.from({ length: 1000 }, async (_, i) => {
          const reply = await peer.emit("echo", { i }).ackd();
          settled.push(i);
          return reply;
        }),
      );
      expect(replies).to.deep.equal(Array.from({ length: 1000 }, (_, i) => ({ i })));
      expect(settled).to.deep.equal(Array.from({ length: 1000 }, (_, i) => i));
    },
  },
  {
    title: "brings a listener's error whole: name, message, code, data, stack and cause",
    async run(central, target) {
      const error = await rejection(central.ns(SERVICE).to(target).emit("throw").ackd());
      expect(error).to.include({ name: "BusError", code: "ERR_REMOTE", executed: "yes" });
      expect(error.message).to.match(/"throw".*it failed/);
      const cause = error.cause as Error & Record<string, unknown>;
      expect(cause).to.include({ name: "TypeError", message: "it failed", code: "E_TEST" });
      expect(cause["extra"]).to.deep.equal({ a: [1] });
      expect(cause.stack).to.match(/service\.(js|ts)/);
      expect(cause.cause).to.include({ name: "RangeError", message: "the reason" });
    },
  },
  {
    title: "brings what was thrown also when it is no Error",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      const none = await rejection(peer.emit("throw", "null").ackd());
      expect(none).to.include({ code: "ERR_REMOTE", executed: "yes" });
      expect(none.cause).to.include({ message: "null", thrown: null });
      const text = await rejection(peer.emit("throw", "text").ackd());
      expect(text.cause).to.include({ message: "just a text", thrown: "just a text" });
      const unreadable = await rejection(peer.emit("throw", "unreadable").ackd());
      expect(unreadable).to.include({ code: "ERR_REMOTE", executed: "yes" });
    },
  },
  {
    title: "answers ERR_UNHANDLED where the event has no listener",
    async run(central, target) {
      const error = await rejection(central.ns(SERVICE).to(target).emit("nobody").ackd());
      expect(error).to.include({ code: "ERR_UNHANDLED", executed: "no" });
      expect(error.message).to.include('"nobody"').and.to.include(`"${SERVICE}"`);
    },
  },
  {
    title: "runs all listeners and replies with the first answer; any failure is the answer",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      expect(await peer.emit("several").ackd()).to.equal("first");
      const error = await rejection(peer.emit("one-fails").ackd());
      expect(error).to.include({ code: "ERR_REMOTE", executed: "yes" });
      expect(error.cause).to.have.property("message", "later listener");
    },
  },
  {
    title: "rejects what cannot be encoded, alone and amid others, which arrive",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      const alone = await rejection(peer.emit("echo", unencodable()).ackd());
      expect(alone).to.include({ code: "ERR_NOT_SERIALIZABLE", executed: "no" });
      expect(alone.message).to.include('"echo"');
      const results = await Promise.allSettled([
        peer.emit("echo", "before").ackd(),
        peer.emit("echo", unencodable()).ackd(),
        peer.emit("echo", { after: true }).ackd(),
        peer.emit("echo", unencodable()).ackd(),
        peer.emit("echo", "last").ackd(),
      ]);
      const outcomes = results.map((result) =>
        result.status === "fulfilled" ? result.value : (result.reason as { code: string }).code,
      );
      expect(outcomes).to.deep.equal([
        "before",
        "ERR_NOT_SERIALIZABLE",
        { after: true },
        "ERR_NOT_SERIALIZABLE",
        "last",
      ]);
    },
  },
  {
    title: "tells of a reply that cannot be encoded, and that the listener ran",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      const [bad, good] = await Promise.all([
        rejection(peer.emit("bad-reply").ackd()),
        peer.emit("echo", "good").ackd(),
      ]);
      expect(bad).to.include({ code: "ERR_NOT_SERIALIZABLE", executed: "yes" });
      expect(good).to.equal("good");
    },
  },
  {
    title: "times out a message whose listener does not answer",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      await peer.emit("echo").ackd();
      const error = await rejection(peer.emit("never-answers").within(300).ackd());
      expect(error).to.include({ code: "ERR_ACK_TIMEOUT", executed: "maybe" });
      expect(error.message).to.match(/within 300 ms.*is ready/);
    },
  },
  {
    title: "times out a message to a namespace that never opens, and says so",
    async run(central, target) {
      await central.ns(SERVICE).to(target).emit("echo").ackd();
      const error = await rejection(central.ns("never").to(target).emit("x").within(300).ackd());
      expect(error).to.include({ code: "ERR_ACK_TIMEOUT", executed: "no" });
      expect(error.message).to.match(/"never" is not open/);
    },
  },
  {
    title: "waits for a namespace that opens late",
    async run(central, target) {
      const late = central.ns(LATE).to(target);
      const replies = [1, 2, 3].map((i) => late.emit("echo", i).ackd());
      await central.ns(SERVICE).to(target).emit("open-late").ackd();
      expect(await Promise.all(replies)).to.deep.equal([1, 2, 3]);
    },
  },
  {
    title: "takes the names of Object.prototype and of emitters as plain names",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      for (const name of ["__proto__", "constructor", "toString", "error", "newListener"]) {
        expect(await peer.emit(name).ackd()).to.equal(name);
      }
      for (const name of ["hasOwnProperty", "valueOf", "__defineGetter__"]) {
        const error = await rejection(peer.emit(name).ackd());
        expect(error).to.have.property("code", "ERR_UNHANDLED");
      }
    },
  },
  {
    title: "gives each message its own data, also where the sender used one object twice",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      const data = { list: [1, 2, 3], nested: { when: new Date(0) } };
      const lengths = await Promise.all([
        peer.emit("mutate", data).ackd(),
        peer.emit("mutate", data).ackd(),
        peer.emit("mutate", { list: data.list }).ackd(),
      ]);
      expect(lengths).to.deep.equal([4, 4, 4]);
      expect(data.list).to.have.length(3);
    },
  },
  {
    title: "carries a large payload among small ones",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      const large = {
        text: "é".repeat(3_000_000),
        list: Array.from({ length: 10_000 }, (_, i) => i),
      };
      const [before, reply, after] = await Promise.all([
        peer.emit("echo", "before").ackd(),
        peer.emit("echo", large).ackd(),
        peer.emit("echo", "after").ackd(),
      ]);
      expect([before, after]).to.deep.equal(["before", "after"]);
      expect(reply).to.deep.equal(large);
    },
  },
  {
    title: "runs a once listener once",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      await peer.emit("once-only").ackd();
      const [first, second] = await Promise.allSettled([
        peer.emit("fleeting").ackd(),
        peer.emit("fleeting").ackd(),
      ]);
      expect(first).to.have.property("value", "here");
      expect(second).to.have.nested.property("reason.code", "ERR_UNHANDLED");
    },
  },
  {
    title: "lets a listener ask back before it answers",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      expect(await peer.emit("ask-back", "there and back").ackd()).to.equal("there and back");
    },
  },
  {
    title: "cancels by signal, and tells the listener",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      await peer.emit("noted").ackd();
      const controller = new AbortController();
      const pending = peer.emit("aborts", 1, { signal: controller.signal }).ackd();
      await peer.emit("echo").ackd();
      controller.abort(new Error("not needed"));
      const error = await rejection(pending);
      expect(error).to.include({ code: "ERR_CANCELLED", executed: "maybe" });
      expect(error.cause).to.have.property("message", "not needed");
      expect(await peer.emit("noted").ackd()).to.deep.equal(["ERR_CANCELLED"]);
      const early = peer.emit("echo", 1, { signal: AbortSignal.abort() }).ackd();
      expect(await rejection(early)).to.include({ code: "ERR_CANCELLED", executed: "no" });
    },
  },
  {
    title: "reports what fails without an ack on the side where it happened",
    async run(central, target) {
      const peer = central.ns(SERVICE).to(target);
      const reported = nextEvent(central.lifecycle, "undelivered");
      peer.emit("echo", unencodable());
      const [error, message] = (await reported) as [Error, { event: string }];
      expect(error).to.include({ code: "ERR_NOT_SERIALIZABLE" });
      expect(message.event).to.equal("echo");
    },
  },
];

/** What neither serialization takes. */
function unencodable(): unknown {
  const cycle: Record<string, unknown> = { big: 1n, call: () => 1 };
  cycle["itself"] = cycle;
  return cycle;
}
