import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { bus } from "../../lib/index.ts";
import { type BusPair, busPair, rejection, turn } from "../support/buses.ts";
import { endAll, start } from "../support/processes.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Looks for some turns of the loop whether something is collected. */
async function isCollected(reference: WeakRef<object> | undefined): Promise<boolean> {
  for (let turns = 0; turns < 200 && reference?.deref() !== undefined; turns++) {
    await turn();
    collect();
  }
  return reference !== undefined && reference.deref() === undefined;
}

describe("the asynchronous context", () => {
  const context = new AsyncLocalStorage<unknown>();
  let pair: BusPair;

  beforeEach(async () => {
    pair = busPair();
    pair.b.on("echo", (data) => data);
    pair.b.on("slow", () => new Promise(() => {}));
    await pair.a.to(pair.toB).emit("echo").ackd();
  });

  describe("of lifecycle listeners is nobody's", () => {
    const undelivered = (emit: () => void) => {
      const stores: unknown[] = [];
      const told = new Promise<void>((resolve) => {
        pair.a.lifecycle.on("undelivered", () => {
          stores.push(context.getStore());
          resolve();
        });
      });
      context.run("the sender's", emit);
      return told.then(() => stores);
    };

    it("where a message cannot be encoded", async () => {
      const stores = await undelivered(() => pair.a.to(pair.toB).emit("echo", () => {}));
      expect(stores).to.deep.equal([undefined]);
    });

    it("where its time is over while it waits", async () => {
      const peer = pair.a.ns("never").to(pair.toB);
      const stores = await undelivered(() => peer.emit("x", 1, { timeout: 10 }));
      expect(stores).to.deep.equal([undefined]);
    });

    it("where it is cancelled by somebody", async () => {
      const controller = new AbortController();
      const peer = pair.a.ns("never").to(pair.toB);
      const stores = await undelivered(() => {
        peer.emit("x", 1, { signal: controller.signal });
        context.run("the canceller's", () => controller.abort());
      });
      expect(stores).to.deep.equal([undefined]);
    });

    it("where a bus is closed by somebody", async () => {
      let store: unknown = "none was told";
      pair.a.lifecycle.on("down", () => (store = context.getStore()));
      await context.run("the closer's", () => pair.a.close());
      expect(store).to.equal(undefined);
    });
  });

  it("of listeners and layers is not that of whom the channel was opened for", async () => {
    const { right, left } = pair;
    context.run("whoever forked", () => {
      for (const link of [left, right]) {
        link.receive = AsyncResource.bind(link.receive.bind(link));
      }
    });
    const stores: Record<string, unknown> = {};
    for (const side of [pair.a, pair.b]) {
      side.use((message, next) => {
        stores[`${message.direction} ${message.kind}`] = context.getStore();
        return next();
      });
    }
    pair.b.on("store", async () => [context.getStore(), await turn(), context.getStore()]);
    const [before, , after] = (await context.run("the sender's", () =>
      pair.a.to(pair.toB).emit("store").ackd(),
    )) as unknown[];
    expect([before ?? undefined, after ?? undefined]).to.deep.equal([undefined, undefined]);
    expect(stores).to.deep.equal({
      "outbound event": "the sender's",
      "inbound event": undefined,
      "outbound ack": undefined,
      "inbound ack": undefined,
    });
  });

  it("of a message that waits for its turn is its own", async () => {
    const stores: unknown[] = [];
    pair.a.use(async (message, next) => {
      if (message.kind === "event") stores.push(context.getStore());
      await turn();
      await next();
    });
    const peer = pair.a.to(pair.toB);
    await Promise.all(
      ["first", "second"].map((who) => context.run(who, () => peer.emit("echo").ackd())),
    );
    expect(stores).to.deep.equal(["first", "second"]);
  });

  it("of a sender is let go when its message has settled, whatever else goes on", async () => {
    let reference: WeakRef<object> | undefined;
    const isOver = new AbortController();
    // The clock is started by that message.
    pair = busPair();
    pair.b.on("echo", (data) => data);
    pair.b.on("slow", () => new Promise(() => {}));
    await (async () => {
      const store = { of: "a request" };
      reference = new WeakRef(store);
      await context.run(store, () => pair.a.to(pair.toB).emit("echo").within(5000).ackd());
    })();
    // Something is always pending, so that the clock of all never stops.
    const options = { signal: isOver.signal };
    const others = [1, 2].map(() => rejection(pair.a.to(pair.toB).emit("slow", 1, options).ackd()));
    expect(await isCollected(reference)).to.equal(true);
    isOver.abort();
    await Promise.all(others);
  });

  describe("of a listener", () => {
    for (const options of [{ timeout: 60_000 }, { signal: new AbortController().signal }]) {
      it(`does not keep its message once it has settled, sent with ${Object.keys(options)[0]}`, async () => {
        const timers: NodeJS.Timeout[] = [];
        let reference: WeakRef<object> | undefined;
        pair.b.on("open", (data) => {
          reference = new WeakRef(data as object);
          timers.push(setInterval(() => {}, 60_000));
        });
        await pair.a.to(pair.toB).emit("open", { large: "data" }, options).ackd();
        expect(await isCollected(reference)).to.equal(true);
        timers.forEach(clearInterval);
      });
    }

    it("is not inherited by what comes through a channel that it has opened", async () => {
      const other = busPair();
      const controller = new AbortController();
      other.a.on("log", async () => {
        // The message being handled when the channel was opened is of no use any more, and still not settled.
        controller.abort();
        await started;
        return "logged";
      });
      await turn();
      other.b.on("hit", (_, { peer }) => other.b.to(peer).emit("log").ackd());
      pair.b.on("start", () => {
        other.right.receive = AsyncResource.bind(other.right.receive.bind(other.right));
        return new Promise(() => {});
      });
      const started = rejection(
        pair.a.to(pair.toB).emit("start", 1, { signal: controller.signal }).ackd(),
      );
      await pair.a.to(pair.toB).emit("echo").ackd();
      expect(await other.a.to(other.toB).emit("hit").ackd()).to.equal("logged");
      expect(await started).to.include({ code: "ERR_CANCELLED" });
    });
  });

  it("of listeners is nobody's under a process that was forked in one", async () => {
    const child = context.run("whoever forked", () => start("closer"));
    const stores: unknown[] = [];
    bus.on("said", () => stores.push(context.getStore()));
    await rejection(bus.to(child).emit("flush-and-exit", 3).ackd());
    bus.off("said");
    expect(stores).to.deep.equal([undefined, undefined, undefined]);
    await endAll();
  });
});

describe("a signal that lives for long", () => {
  it("has nothing to do with a message whose other signal has aborted already", async () => {
    const pair = busPair();
    const application = new AbortController();
    let isOver = (): void => {};
    const over = new Promise<void>((resolve) => (isOver = resolve));
    pair.b.lifecycle.on("undelivered", () => {});
    pair.b.on("work", async (_, message) => {
      while (!message.signal.aborted) await turn();
      pair.b.to(message.peer).emit("progress", 1, { signal: application.signal });
      isOver();
    });
    const cancel = new AbortController();
    const asked = rejection(pair.a.to(pair.toB).emit("work", 1, { signal: cancel.signal }).ackd());
    while (!pair.toB.isReady("_")) await turn();
    await turn();
    cancel.abort();
    await asked;
    await over;
    expect(getEventListeners(application.signal, "abort")).to.have.length(0);
  });

  it("is one of those that message.signal stands for, until the message has settled", async () => {
    const pair = busPair();
    const application = new AbortController();
    const signals: AbortSignal[] = [];
    pair.a.on("echo", (data) => data);
    pair.b.use((message, next) => {
      if (message.direction === "outbound" && message.kind === "event")
        signals.push(message.signal);
      return next();
    });
    pair.b.on("work", (_, message) =>
      pair.b.to(message.peer).emit("echo", 1, { signal: application.signal }).ackd(),
    );
    const { signal } = new AbortController();
    await pair.a.to(pair.toB).emit("work", 1, { signal }).ackd();
    expect(getEventListeners(application.signal, "abort")).to.have.length(0);
    const asked = rejection(
      pair.b.ns("never").to(pair.toA).emit("x", 1, { signal: application.signal }).ackd(),
    );
    application.abort(new Error("shutdown"));
    await asked;
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false, true]);
    expect(signals[1]?.reason).to.have.property("message", "shutdown");
  });
});
