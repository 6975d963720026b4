import { expect } from "chai";
import { memoryPair } from "../../lib/links/memory.ts";
import { deserialize } from "../../lib/wire/serialization.ts";
import { decide, hold } from "../../lib/wire/snapshot.ts";
import { type BusPair, busPair, lonelyBus, rejection, turn } from "../support/buses.ts";

async function readyPair(kind: "json" | "clone"): Promise<BusPair & { heard: unknown[] }> {
  const heard: unknown[] = [];
  const pair = { ...busPair(kind), heard };
  pair.b.on("x", (data) => heard.push(data));
  while (!pair.toB.isReady("_")) await turn();
  return pair;
}

describe("data is read", () => {
  it("as the channel will carry it, also where somebody has taught sets a toJSON", () => {
    // As vega-lite does to all sets of a process.
    const before = Object.getOwnPropertyDescriptor(Set.prototype, "toJSON");
    const value = function (this: Set<unknown>) {
      return `a set of ${this.size}`;
    };
    Object.defineProperty(Set.prototype, "toJSON", { value, configurable: true });
    try {
      const held = hold("unknown", { when: new Date(0), set: new Set([new Map()]) });
      const told = JSON.stringify(decide("json", held).value);
      expect(told).to.equal('{"when":"1970-01-01T00:00:00.000Z","set":"a set of 1"}');
      const cloned = deserialize(decide("advanced", held).value);
      expect(cloned).to.deep.equal({ when: new Date(0), set: new Set([new Map()]) });
    } finally {
      if (before) Object.defineProperty(Set.prototype, "toJSON", before);
      else Reflect.deleteProperty(Set.prototype, "toJSON");
    }
  });

  it("by the end of the tick, also what a bigint that somebody has taught a toJSON tells instead of itself", async () => {
    const told = Buffer.from("as it was");
    const patched = BigInt.prototype as { toJSON?: unknown };
    patched.toJSON = () => told;
    try {
      const pair = await readyPair("json");
      const sent: unknown[] = [];
      pair.left.send = (frame) => {
        sent.push(frame);
        return true;
      };
      pair.a.to(pair.toB).emit("x", 1n);
      await turn();
      // Node keeps a message as it is behind a handle that is under way.
      told.write("too late!");
      // JSON tells of it by its fields: the first is an "a".
      expect(JSON.stringify(sent)).to.match(/\b0\W+97\b/);
    } finally {
      Reflect.deleteProperty(patched, "toJSON");
    }
  });

  for (const kind of ["json", "clone"] as const) {
    describe(`over ${kind}`, () => {
      it("by the end of the tick, also where the channel takes it later", async () => {
        const pair = await readyPair(kind);
        pair.left.stop();
        const data = Array.from({ length: 500 }, (_, n) => ({ n, list: [n], when: new Date(n) }));
        for (const each of data) pair.a.to(pair.toB).emit("x", each);
        const last = pair.a.to(pair.toB).emit("x", "last").ackd();
        await turn();
        for (const each of data) {
          each.n = -1;
          each.list[0] = -1;
          each.when.setTime(-1);
        }
        pair.left.resume();
        await last;
        expect(pair.heard.pop()).to.equal("last");
        const when = (n: number) => (kind === "json" ? new Date(n).toJSON() : new Date(n));
        expect(pair.heard).to.deep.equal(data.map((_, n) => ({ n, list: [n], when: when(n) })));
      });

      it("once", async () => {
        const pair = await readyPair(kind);
        let reads = 0;
        const data = Object.defineProperty({ other: {} }, "reads", {
          enumerable: true,
          get: () => ++reads,
        });
        await pair.a.to(pair.toB).emit("x", data).ackd();
        await pair.a.to(pair.toB).emit("x", { data }).ackd();
        expect(pair.heard).to.deep.equal([
          { other: {}, reads: 1 },
          { data: { other: {}, reads: 2 } },
        ]);
      });

      it("once, in lists and collections that are not copied", async () => {
        const pair = await readyPair(kind);
        let reads = 0;
        class Rows extends Array<unknown> {}
        const get = () => ++reads;
        const list = Object.defineProperty(Rows.from([0, 0]), 1, { enumerable: true, get });
        await pair.a.to(pair.toB).emit("x", list).ackd();
        await pair.a
          .to(pair.toB)
          .emit("x", { list, map: new Map([[1, 2]]) })
          .ackd();
        await pair.a
          .to(pair.toB)
          .emit("x", { map: new Map([[1, [list]]]) })
          .ackd();
        const collected = { map: kind === "json" ? {} : new Map([[1, [[0, 3]]]]) };
        const map = kind === "json" ? {} : new Map([[1, 2]]);
        expect(pair.heard).to.deep.equal([[0, 1], { list: [0, 2], map }, collected]);
        expect(reads).to.equal(kind === "json" ? 2 : 3);
      });

      it("once, also a toJSON that is a getter", async () => {
        const pair = await readyPair(kind);
        const asked: string[] = [];
        const asks = (name: string, object: object) =>
          Object.defineProperty(object, "toJSON", {
            get: () => {
              asked.push(name);
              return () => name;
            },
          });
        const data = [asks("list", [1]), asks("object", { a: 1 }), asks("map", new Map())];
        await pair.a.to(pair.toB).emit("x", data).ackd();
        await pair.a.to(pair.toB).emit("x", asks("outermost", {})).ackd();
        if (kind === "json") {
          expect(pair.heard).to.deep.equal([["list", "object", "map"], "outermost"]);
          expect(asked).to.deep.equal(["list", "object", "map", "outermost"]);
        } else {
          expect(pair.heard).to.deep.equal([[[1], { a: 1 }, new Map()], {}]);
          expect(asked).to.deep.equal([]);
        }
      });

      it("before it is decided what is sent: it may cancel its neighbours", async () => {
        const pair = await readyPair(kind);
        const peer = pair.a.to(pair.toB);
        const { signal, abort } = withAbort();
        const first = rejection(peer.emit("x", "first", { signal }).ackd());
        const aborts = peer.emit("x", getter(abort)).ackd();
        expect(await first).to.include({ code: "ERR_CANCELLED", executed: "no" });
        await aborts;
        expect(pair.heard).to.deep.equal([{ got: 1 }]);
      });

      it("while it cancels its own message, which waits or does not", async () => {
        const waiting = busPair(kind);
        for (const pair of [await readyPair(kind), waiting]) {
          const { signal, abort } = withAbort();
          const own = rejection(pair.a.to(pair.toB).emit("x", getter(abort), { signal }).ackd());
          expect(await own).to.include({ code: "ERR_CANCELLED", executed: "no" });
          expect(pair.toB.backlog.waiting).to.equal(0);
        }
      });

      it("while it writes what there is, emits, and cannot be read in the end", async () => {
        const pair = await readyPair(kind);
        const peer = pair.a.to(pair.toB);
        const inner: Promise<unknown>[] = [];
        const fails = getter(() => {
          if (inner.length === 0) {
            pair.a.flush();
            inner.push(peer.emit("x", "inner").within(1000).ackd());
          }
          throw new Error("cannot be read");
        });
        const outer = rejection(peer.emit("x", fails).ackd());
        expect(pair.toB.writable).to.equal(true);
        expect(await outer).to.include({ code: "ERR_NOT_SERIALIZABLE", executed: "no" });
        await Promise.all(inner);
        expect(pair.heard).to.deep.equal(["inner"]);
      });

      it("while it emits itself, and closes the bus", async () => {
        const pair = await readyPair(kind);
        const peer = pair.a.to(pair.toB);
        const receipts: Promise<unknown>[] = [];
        const emits = getter(() => receipts.push(peer.emit("x", "inner").ackd()));
        receipts.push(peer.emit("x", "first").ackd(), peer.emit("x", emits).ackd());
        await peer.emit("x", "last").ackd();
        await Promise.all(receipts);
        expect(pair.heard).to.have.deep.members(["first", { got: 1 }, "inner", "last"]);
        const closing: Promise<void>[] = [];
        const closes = peer
          .emit(
            "x",
            getter(() => closing.push(pair.a.close())),
          )
          .ackd();
        await closes;
        await Promise.all(closing);
        expect(pair.heard.at(-1)).to.deep.equal({ got: 1 });
      });

      it("where it fails, and its neighbours arrive", async () => {
        const pair = await readyPair(kind);
        const peer = pair.a.to(pair.toB);
        const fails = getter(() => {
          throw new Error("it does not want to be read");
        });
        const receipts = [
          peer.emit("x", 1).ackd(),
          rejection(peer.emit("x", fails).ackd()),
          peer.emit("x", 2).ackd(),
        ];
        const [, error] = await Promise.all(receipts);
        expect(error).to.include({ code: "ERR_NOT_SERIALIZABLE", executed: "no" });
        expect(pair.heard).to.deep.equal([1, 2]);
      });

      it("also where somebody has taught all objects a toJSON", async () => {
        const pair = await readyPair(kind);
        const patched = Object.prototype as { toJSON?: unknown };
        // What Node's own tools need while the test runs goes on as before.
        Object.defineProperty(patched, "toJSON", {
          configurable: true,
          writable: true,
          value: undefined,
        });
        try {
          patched.toJSON = function toJSON(this: unknown) {
            return Array.isArray(this) ? [...(this as unknown[])].reverse() : this;
          };
          const sent = [{ list: [1, 2] }, [3, 4], "text", { a: 1 }];
          await Promise.all(sent.map((data) => pair.a.to(pair.toB).emit("x", data).ackd()));
        } finally {
          delete patched.toJSON;
        }
        expect(pair.heard).to.deep.equal(
          kind === "json"
            ? [{ list: [2, 1] }, [4, 3], "text", { a: 1 }]
            : [{ list: [1, 2] }, [3, 4], "text", { a: 1 }],
        );
      });
    });
  }

  it("anew for each emit, however many peers there are and whenever it is", async () => {
    const { bus: sender, hub } = lonelyBus();
    const peers = [1, 2].map(() => {
      const { left, right } = memoryPair();
      const receiver = lonelyBus();
      receiver.hub.attach(right).greet();
      receiver.bus.on("state", (data) => (data as { version: number }).version);
      return sender.to(hub.attach(left));
    });
    const state = { version: 0, table: "x".repeat(20_000) };
    const broadcast = () => Promise.all(peers.map((peer) => peer.emit("state", state).ackd()));
    await broadcast();
    state.version = 1;
    const first = broadcast();
    await new Promise<void>((resolve) => process.nextTick(() => process.nextTick(resolve)));
    state.version = 2;
    expect(await Promise.all([first, broadcast()])).to.deep.equal([
      [1, 1],
      [2, 2],
    ]);
  });
});

function withAbort(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** Runs code when it is read. */
function getter(task: () => void): object {
  return Object.defineProperty({}, "got", {
    enumerable: true,
    get() {
      task();
      return 1;
    },
  });
}
