import { inspect } from "node:util";
import { expect } from "chai";
import { memoryPair } from "../../lib/links/memory.ts";
import { OutboundEvent } from "../../lib/message/outbound-event.ts";
import type { Limits } from "../../lib/outbox/limits.ts";
import { type BusPair, busPair, lonelyBus, rejection, turn } from "../support/buses.ts";

async function readyPair(kind: "json" | "clone"): Promise<BusPair> {
  const pair = busPair(kind);
  pair.b.on("x", (data) => (data as { length?: number })?.length ?? "data");
  while (!pair.toB.isReady("_")) await turn();
  return pair;
}

/** Folders of 50 entries, of which the first is a folder again. */
function folder(depth: number): object {
  const entry = (name: number) => (name === 0 && depth > 0 ? folder(depth - 1) : { name, size: 1 });
  return { name: "folder", entries: Array.from({ length: 50 }, (_, name) => entry(name)) };
}

describe("limits", () => {
  for (const kind of ["json", "clone"] as const) {
    describe(`over ${kind}`, () => {
      it("refuse nothing by a guess from what comes first in it", async () => {
        const pair = await readyPair(kind);
        const rows = ["x".repeat(100_000), ...Array.from({ length: 999 }, (_, n) => `row ${n}`)];
        const message = 200_000;
        Object.assign(pair.a.limits, { message, pending: 2 * message });
        Object.assign(pair.b.limits, { message, pending: 2 * message });
        const peer = pair.a.to(pair.toB);
        expect(await peer.emit("x", rows).ackd()).to.equal(1000);
        expect(await peer.emit("x", folder(6)).ackd()).to.equal("data");
        pair.b.on("rows", () => rows);
        expect(await peer.emit("rows").ackd()).to.have.lengthOf(1000);
        pair.a.use(async (_, next) => {
          await turn();
          await next();
        });
        const several = [1, 2, 3, 4].map(() => peer.emit("x", folder(6)).ackd());
        expect(await Promise.all(several)).to.deep.equal(["data", "data", "data", "data"]);
      });

      it("refuse what is too large, whatever it looks like", async () => {
        const pair = await readyPair(kind);
        pair.a.limits.message = 1000;
        const peer = pair.a.to(pair.toB);
        class Row {
          readonly text = "x".repeat(2000);
        }
        const large: unknown[] = [
          "x".repeat(2000),
          "é".repeat(600),
          { text: "\u0001".repeat(300) },
          [new Row()],
          new Uint8Array(2000),
          Buffer.alloc(2000),
        ];
        if (kind === "clone") {
          large.push(new Map([[1, "x".repeat(2000)]]), new Set([[new Uint8Array(2000)]]));
          const long = 2n ** 16_000n;
          large.push(long, { long }, [long], new Set([long]), [Object(long)]);
          large.push(new RegExp("x".repeat(2000)));
          large.splice(2, 1, new Error("x".repeat(2000)));
        }
        for (const data of large) {
          const error = await rejection(peer.emit("x", data).ackd());
          expect(error).to.include({ code: "ERR_TOO_LARGE", executed: "no" });
        }
        expect(await peer.emit("x", { text: "x".repeat(900) }).ackd()).to.equal("data");
      });

      it("always let a message go that is alone", async () => {
        const pair = await readyPair(kind);
        const peer = pair.a.to(pair.toB);
        for (const pending of [0, 1, 40]) {
          Object.assign(pair.a.limits, { pending, total: pending });
          Object.assign(pair.b.limits, { pending, total: pending });
          expect(await peer.emit("x", { n: 1 }).within(5000).ackd()).to.equal("data");
        }
        const early = busPair(kind);
        Object.assign(early.a.limits, { pending: 0, total: 0 });
        early.b.on("x", (data) => data);
        expect(await early.a.to(early.toB).emit("x", "early").ackd()).to.equal("early");
      });
    });
  }

  it("count shared memory as nothing, and of a view what it shows", async () => {
    const pair = busPair("clone");
    Object.assign(pair.a.limits, { message: 10_000, pending: 10_000 });
    pair.b.on("bytes", (data) => (data as { view: Uint8Array }).view.length);
    const peer = pair.a.to(pair.toB);
    const shared = new Uint8Array(new SharedArrayBuffer(1_000_000));
    const large = new Uint8Array(1_000_000);
    const waiting = [shared, large.subarray(0, 1000), large.subarray(5000, 6000)].map((view) =>
      peer.emit("bytes", { view }).ackd(),
    );
    expect(pair.toB.backlog.waiting).to.be.within(2000, 4000);
    expect(await Promise.all(waiting)).to.deep.equal([1_000_000, 1000, 1000]);
    expect(await peer.emit("bytes", { view: shared }).ackd()).to.equal(1_000_000);
  });

  it("refuse a message and keep nothing of its data, however long its receipt is kept", async () => {
    const pair = await readyPair("json");
    let seen: unknown;
    pair.a.use((message, next) => {
      seen = message;
      return next();
    });
    pair.a.limits.message = 1000;
    const error = await rejection(
      pair.a
        .to(pair.toB)
        .emit("x", { text: "x".repeat(2000) })
        .ackd(),
    );
    expect(error.code).to.equal("ERR_TOO_LARGE");
    expect(seen).to.be.instanceOf(OutboundEvent).with.property("snapshot", undefined);
  });

  it("bound what waits for all peers together", async () => {
    const { bus, hub } = lonelyBus();
    bus.limits.total = 10_000;
    const pairs = [1, 2, 3].map(() => {
      const pair = memoryPair();
      return { pair, peer: hub.attach(pair.left) };
    });
    const [first, second, third] = pairs.map(({ peer }) => bus.to(peer));
    const waiting = [first, second].map((target) => target?.emit("x", "x".repeat(4000)).ackd());
    const error = await rejection(third?.emit("x", "x".repeat(4000)).ackd() as Promise<unknown>);
    expect(error).to.include({ code: "ERR_QUEUE_FULL", executed: "no" });
    expect(error.message).to.contain("limits.total");
    const refused = waiting[0]?.catch((each: { code: string }) => each.code);
    pairs[0]?.pair.cut();
    expect(await refused).to.equal("ERR_PEER_DIED");
    const again = third?.emit("x", "x".repeat(4000)).ackd();
    const receiver = lonelyBus();
    receiver.hub.attach((pairs[2] as (typeof pairs)[0]).pair.right).greet();
    receiver.bus.on("x", (data) => (data as string).length);
    expect(await again).to.equal(4000);
    expect(hub.total.taken).to.be.within(4000, 4100);
    pairs[1]?.pair.cut();
    await waiting[1]?.catch(() => undefined);
    expect(hub.total.taken).to.equal(0);
  });

  it("throw where they are set to what is no limit", () => {
    const { limits } = lonelyBus().bus;
    for (const bad of [-1, Number.NaN, "1", undefined, null]) {
      expect(() => Object.assign(limits, { pending: bad })).to.throw(TypeError, "limits.pending");
    }
    const sloppy = new Function("limits", "limits.pendign = 1") as (limits: Limits) => void;
    expect(() => sloppy(limits)).to.throw(
      TypeError,
      "there is no limits.pendign; there are pending, total, message, error",
    );
    expect(() => Reflect.deleteProperty(limits, "pending")).to.throw(
      TypeError,
      "cannot be deleted",
    );
    expect(inspect(limits)).to.contain("pending: 16777216");
    limits.pending = Infinity;
    expect(limits).to.include({ pending: Infinity, total: 2 ** 28, error: 2 ** 20 });
  });
});
