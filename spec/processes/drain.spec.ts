import { once } from "node:events";
import { expect } from "chai";
import sinon from "sinon";
import { bus } from "../../lib/index.ts";
import { type BusPair, busPair, rejection, turn } from "../support/buses.ts";
import { endAll, ended, start } from "../support/processes.ts";

/** A listener that waits until it is told to finish, and then perhaps does something. */
function slowWork(
  pair: BusPair,
  last?: () => unknown,
): { started: Promise<void>; finish: (reply: unknown) => void } {
  let finish = (_: unknown): void => {};
  const told = new Promise<unknown>((resolve) => (finish = resolve));
  const started = new Promise<void>((resolve) => {
    pair.b.on("work", async () => {
      resolve();
      const reply = await told;
      return last ? last() : reply;
    });
  });
  return { started, finish: (reply) => finish(reply) };
}

/** A message under way in a namespace, whose listener has begun and waits until it is told to finish. */
async function workIn(
  pair: BusPair,
  namespace: string,
): Promise<{ answer: Promise<unknown>; finish: () => void }> {
  let answer: Promise<unknown> = Promise.resolve();
  const finish = await new Promise<() => void>((begun) => {
    pair.b.ns(namespace).on("work", () => new Promise<void>((resolve) => begun(resolve)));
    answer = pair.a.ns(namespace).to(pair.toB).emit("work").ackd();
  });
  return { answer, finish };
}

describe("closing a bus", () => {
  it("lets running listeners finish, and their answers go out", async () => {
    const pair = busPair();
    const { started, finish } = slowWork(pair);
    const work = pair.a.to(pair.toB).emit("work").ackd();
    await started;
    const closed = pair.b.close();
    await turn();
    finish("done");
    expect(await work).to.equal("done");
    await closed;
  });

  it("refuses new messages, executed no, there and here", async () => {
    const pair = busPair();
    const heard = sinon.spy();
    pair.b.on("x", heard);
    const { started, finish } = slowWork(pair);
    const work = pair.a.to(pair.toB).emit("work").ackd();
    await started;
    const closed = pair.b.close();
    // On its way when the other side has not heard of the closing yet.
    const onItsWay = rejection(pair.a.to(pair.toB).emit("x").ackd());
    expect(await onItsWay).to.include({ code: "ERR_CLOSED", executed: "no" });
    expect(pair.toB.state).to.equal("closing");
    const later = rejection(pair.a.to(pair.toB).emit("x").ackd());
    expect(await later).to.include({ code: "ERR_CLOSED", executed: "no" });
    finish("done");
    await Promise.all([work, closed]);
    const here = rejection(pair.b.to(pair.toA).emit("x").ackd());
    expect(await here).to.include({ code: "ERR_CLOSED", executed: "no" });
    sinon.assert.notCalled(heard);
  });

  it("lets a listener ask its peer while it closes", async () => {
    const pair = busPair();
    pair.a.on("question", () => "answer");
    const { started, finish } = slowWork(pair, () => pair.b.to(pair.toA).emit("question").ackd());
    const work = pair.a.to(pair.toB).emit("work").ackd();
    await started;
    const closed = pair.b.close();
    await turn();
    finish(undefined);
    expect(await work).to.equal("answer");
    await closed;
  });

  it("settles everything when both sides close at the same time", async () => {
    const pair = busPair();
    for (const side of [pair.a, pair.b]) side.on("echo", (data) => data);
    await pair.a.to(pair.toB).emit("echo").ackd();
    await pair.b.to(pair.toA).emit("echo").ackd();
    const crossing = [
      pair.a.to(pair.toB).emit("echo", 1).ackd(),
      pair.b.to(pair.toA).emit("echo", 2).ackd(),
    ];
    const closed = Promise.all([pair.a.close(), pair.b.close()]);
    const codes = (await Promise.allSettled(crossing)).map((result) =>
      result.status === "fulfilled" ? "fulfilled" : (result.reason as { code: string }).code,
    );
    for (const code of codes) expect(code).to.be.oneOf(["fulfilled", "ERR_CLOSED"]);
    await closed;
  });

  it("gives up on a listener that never settles, after its time", async () => {
    const pair = busPair();
    const { started } = slowWork(pair);
    const hanging = rejection(pair.a.to(pair.toB).emit("work").ackd());
    await started;
    await pair.b.close({ timeout: 30 });
    expect(await hanging).to.include({ code: "ERR_CLOSED", executed: "maybe" });
  });

  it("of one namespace leaves the others", async () => {
    const pair = busPair();
    pair.b.ns("one").on("echo", (data) => data);
    pair.b.ns("two").on("echo", (data) => data);
    await pair.a.ns("one").to(pair.toB).emit("echo").ackd();
    await pair.b.ns("one").close();
    const error = await rejection(pair.a.ns("one").to(pair.toB).emit("echo").ackd());
    expect(error).to.include({ code: "ERR_CLOSED", executed: "no" });
    expect(error.message).to.include('closes namespace "one"');
    expect(await pair.a.ns("two").to(pair.toB).emit("echo", 2).ackd()).to.equal(2);
  });

  it("of one namespace waits for its listeners, and for no others", async () => {
    const pair = busPair();
    const [one, two] = [await workIn(pair, "one"), await workIn(pair, "two")];
    let isClosed = false;
    const closed = pair.b
      .ns("one")
      .close()
      .then(() => (isClosed = true));
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(isClosed).to.equal(false);
    one.finish();
    await Promise.all([one.answer, closed]);
    two.finish();
    await two.answer;
  });

  it("of one namespace settles what was sent in it, and in no other", async () => {
    const pair = busPair();
    const [one, two] = [await workIn(pair, "one"), await workIn(pair, "two")];
    const lost = rejection(one.answer);
    await pair.a.ns("one").close({ timeout: 20 });
    expect(await lost).to.include({ code: "ERR_CLOSED", executed: "maybe" });
    // It would wait longer than this spec may, if it waited for the other.
    await pair.a.ns("three").close({ timeout: Infinity });
    two.finish();
    await two.answer;
  });

  it("waits for an answer that a middleware holds", async () => {
    const pair = busPair();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const isHeld = new Promise<void>((resolve) => {
      pair.b.use(async (message, next) => {
        if (message.direction === "outbound") {
          resolve();
          await held;
        }
        await next();
      });
    });
    pair.b.on("echo", (data) => data);
    const answer = pair.a.to(pair.toB).emit("echo", 1).ackd();
    await isHeld;
    const closed = pair.b.close();
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(pair.toA.state).to.equal("up");
    release();
    expect(await answer).to.equal(1);
    await closed;
  });

  it("refuses what waits for a namespace at once, while a listener still runs", async () => {
    const pair = busPair();
    const { started, finish } = slowWork(pair);
    const work = pair.a.to(pair.toB).emit("work").ackd();
    await started;
    const waiting = rejection(pair.a.ns("never-opened").to(pair.toB).emit("x").ackd());
    const closed = pair.b.close();
    expect(await waiting).to.include({ code: "ERR_CLOSED", executed: "no" });
    expect(pair.toA.state).to.equal("up");
    finish("done");
    expect(await work).to.equal("done");
    await closed;
  });

  it("tells nothing to who has closed before", async () => {
    const pair = busPair();
    pair.b.on("echo", (data) => data);
    await pair.a.to(pair.toB).emit("echo").ackd();
    await pair.b.close();
    await turn();
    pair.left.sent.length = 0;
    await Promise.all([pair.a.ns("one").close(), pair.a.close()]);
    await turn();
    expect(pair.left.sent).to.deep.equal([]);
  });

  it("for ever waits for ever, which is longer than a timer can be", async () => {
    const pair = busPair();
    const { started, finish } = slowWork(pair);
    const work = pair.a.to(pair.toB).emit("work").ackd();
    await started;
    const closed = pair.b.close({ timeout: Infinity });
    await new Promise((resolve) => setTimeout(resolve, 20));
    finish("done");
    expect(await work).to.equal("done");
    await closed;
  });

  it("tells a peer that says hello only then", async () => {
    const pair = busPair();
    const early = rejection(pair.a.to(pair.toB).emit("x").ackd());
    // No hello has been read yet.
    expect(pair.toA.state).to.equal("connecting");
    await pair.b.close({ timeout: 5000 });
    expect(await early).to.include({ code: "ERR_CLOSED", executed: "no" });
  });

  it("twice is closing once", async () => {
    const pair = busPair();
    expect(pair.a.close()).to.equal(pair.a.close());
    await pair.a.close();
  });

  describe("with real processes", () => {
    afterEach(endAll);

    it("lets a child exit by itself, with its answers sent, and is not a disconnect", async () => {
      const child = start("closer", [], { silent: true });
      const end = ended(child);
      const peer = bus.to(child);
      const replies = Array.from({ length: 100 }, (_, i) => peer.emit("slow", i).ackd());
      await peer.emit("echo").ackd();
      peer.emit("close");
      expect(await Promise.all(replies)).to.deep.equal(Array.from({ length: 100 }, (_, i) => i));
      expect(await end).to.deep.equal({ code: 0, signal: null, output: "closed\n" });
    });

    it("flushed() before process.exit() loses nothing", async () => {
      const child = start("closer");
      const said: unknown[] = [];
      bus.on("said", (data) => said.push(data));
      const error = await rejection(bus.to(child).emit("flush-and-exit", 2000).ackd());
      bus.off("said");
      expect(error).to.include({ code: "ERR_PEER_DIED", exitCode: 0 });
      expect(said).to.have.length(2000);
    });

    it("with a peer that is stopped takes no longer than its time", async () => {
      const child = start("closer");
      await bus
        .ns("brief")
        .to(child)
        .emit("echo")
        .within(50)
        .ackd()
        .catch(() => {});
      await bus.to(child).emit("echo").ackd();
      child.kill("SIGSTOP");
      await bus.ns("brief").close({ timeout: 50 });
      child.kill("SIGCONT");
      expect(await bus.to(child).emit("echo", "others go on").ackd()).to.equal("others go on");
    });
  });
});

describe("what a listener sends", () => {
  it("inherits the deadline that was set, through three buses in a row", async () => {
    const first = busPair();
    const second = busPair();
    let signal: AbortSignal | undefined;
    first.b.on("ask", () => second.a.to(second.toB).emit("ask").ackd());
    second.b.on("ask", (_, message) => {
      signal = message.signal;
      return new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal?.reason as Error));
      });
    });
    second.b.on("probe", () => 1);
    first.b.on("probe", () => 1);
    await first.a.to(first.toB).emit("probe").ackd();
    await second.a.to(second.toB).emit("probe").ackd();
    const error = await rejection(first.a.to(first.toB).emit("ask").within(80).ackd());
    // Whichever of the two buses is the first to notice.
    expect(error.code).to.be.oneOf(["ERR_ACK_TIMEOUT", "ERR_REMOTE"]);
    await second.a.to(second.toB).emit("probe").ackd();
    expect(signal?.aborted).to.equal(true);
  });

  it("inherits the deadline also of a sender that cannot tell of its end any more", async () => {
    const [first, second] = [busPair(), busPair()];
    for (const { b } of [first, second]) b.on("probe", () => 1);
    await first.a.to(first.toB).emit("probe").ackd();
    await second.a.to(second.toB).emit("probe").ackd();
    second.b.on("hang", () => new Promise(() => {}));
    const told = new Promise<unknown[]>((resolve) => {
      first.b.on("ask", async (_, message) => {
        first.left.stop();
        const aborted = once(message.signal, "abort");
        const inner = await rejection(second.a.to(second.toB).emit("hang").ackd());
        await aborted;
        resolve([inner, message.signal.reason]);
      });
    });
    rejection(first.a.to(first.toB).emit("ask").within(80).ackd()).catch(() => {});
    const [inner, reason] = await told;
    expect(inner).to.have.property("code").that.is.oneOf(["ERR_ACK_TIMEOUT", "ERR_CANCELLED"]);
    expect(reason).to.include({ code: "ERR_ACK_TIMEOUT" });
    expect(reason).to.have.property("message", 'the deadline of "ask" has passed');
  });

  it("is of no use also to a listener that asks for its signal only afterwards", async () => {
    const pair = busPair();
    const controller = new AbortController();
    const { signal } = controller;
    const seen = new Promise<AbortSignal>((resolve) => {
      pair.b.on("work", async (_, message) => {
        controller.abort();
        for (let turns = 0; turns < 10; turns++) await turn();
        resolve(message.signal);
      });
    });
    await rejection(pair.a.to(pair.toB).emit("work", 1, { signal }).ackd());
    expect(await seen).to.include({ aborted: true });
    expect((await seen).reason).to.have.property("code", "ERR_CANCELLED");
  });

  it("inherits deadline and signal through three processes in a row", async () => {
    const child = start("relay", ["1"]);
    const peer = bus.to(child);
    expect(await peer.emit("row").ackd()).to.equal(2);
    const late = await rejection(peer.emit("ask").within(80).ackd());
    expect(late.code).to.be.oneOf(["ERR_ACK_TIMEOUT", "ERR_REMOTE"]);
    expect(await peer.emit("aborted").ackd()).to.be.oneOf(["ERR_ACK_TIMEOUT", "ERR_CANCELLED"]);
    const controller = new AbortController();
    const asked = rejection(peer.emit("ask", 1, { signal: controller.signal }).ackd());
    await peer.emit("row").ackd();
    controller.abort();
    expect((await asked).code).to.equal("ERR_CANCELLED");
    expect(await peer.emit("aborted").ackd()).to.equal("ERR_CANCELLED");
    await endAll();
  });

  it("inherits the signal, and a longer time of its own does not outlast what it inherits", async () => {
    const first = busPair();
    const second = busPair();
    let isAsked = (_: Promise<Error & Record<string, unknown>>): void => {};
    const nextInner = () =>
      new Promise<Promise<Error & Record<string, unknown>>[]>((resolve) => {
        isAsked = (inner) => resolve([inner]);
      });
    first.b.on("ask", () => {
      const asked = second.a.to(second.toB).emit("hang").within(60_000).ackd();
      isAsked(rejection(asked));
      return asked;
    });
    second.b.on("hang", () => new Promise(() => {}));
    second.b.on("probe", () => 1);
    await second.a.to(second.toB).emit("probe").ackd();
    const controller = new AbortController();
    const { signal } = controller;
    const firstInner = nextInner();
    const cancelled = rejection(first.a.to(first.toB).emit("ask", 1, { signal }).ackd());
    const [cancelledInner] = await firstInner;
    controller.abort();
    expect(await cancelled).to.have.property("code", "ERR_CANCELLED");
    expect(await cancelledInner).to.have.property("code", "ERR_CANCELLED");
    const secondInner = nextInner();
    const late = rejection(first.a.to(first.toB).emit("ask").within(50).ackd());
    const [lateInner] = await secondInner;
    expect((await late).code).to.be.oneOf(["ERR_ACK_TIMEOUT", "ERR_REMOTE"]);
    expect((await lateInner)?.code).to.be.oneOf(["ERR_ACK_TIMEOUT", "ERR_CANCELLED"]);
  });

  for (const [what, code, cancels] of [
    ["cancels", "ERR_CANCELLED", true],
    ["does not wait any longer", "ERR_ACK_TIMEOUT", false],
  ] as const) {
    it(`is no use any more when its sender ${what}, and the listener is told which`, async () => {
      const pair = busPair();
      const controller = new AbortController();
      const reason = new Promise((resolve) => {
        pair.b.on("work", (_, message) => {
          message.signal.addEventListener("abort", () => resolve(message.signal.reason));
          if (cancels) controller.abort();
          return new Promise(() => {});
        });
      });
      pair.a.ackTimeout = 50;
      const options = cancels ? { signal: controller.signal } : {};
      const receipt = pair.a.to(pair.toB).emit("work", 1, options);
      expect(await rejection(receipt.ackd())).to.have.property("code", code);
      expect(await reason).to.include({ name: "BusError", code });
    });
  }

  it("does not inherit the default time, nor anything once its listener has settled", async () => {
    const pair = busPair();
    pair.a.on("echo", (data) => data);
    let later: Promise<unknown> | undefined;
    pair.b.on("ask", (_, message) => {
      later = turn()
        .then(turn)
        .then(() => pair.b.to(message.peer).emit("echo", "later").ackd());
      return "settled";
    });
    const controller = new AbortController();
    await pair.a.to(pair.toB).emit("ask", 1, { signal: controller.signal }).within(5000).ackd();
    controller.abort();
    expect(await later).to.equal("later");
  });
});

describe("flushed()", () => {
  it("waits for what a middleware holds", async () => {
    const pair = busPair();
    pair.b.on("x", () => 1);
    await pair.a.to(pair.toB).emit("x").ackd();
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const order: string[] = [];
    pair.a.use(async (_, next) => {
      await gate;
      order.push("sent");
      await next();
    });
    pair.a.to(pair.toB).emit("x");
    const flushed = pair.a.flushed().then(() => order.push("flushed"));
    await turn();
    release();
    await flushed;
    expect(order).to.deep.equal(["sent", "flushed"]);
  });

  it("waits for what was emitted so far, not for a quiet moment", async () => {
    const pair = busPair();
    pair.b.on("x", (data) => data);
    const peer = pair.a.to(pair.toB);
    await peer.emit("x").ackd();
    let isOver = false;
    // More is emitted whenever something has been written, so that it is never quiet.
    const { left } = pair;
    const send = left.send.bind(left);
    left.send = (frame, handle, done) =>
      send(frame, handle, () => {
        if (!isOver) peer.emit("x", "more");
        done();
      });
    const asked = peer.emit("x", "so far").ackd();
    await pair.a.flushed();
    isOver = true;
    expect(await asked).to.equal("so far");
  });

  it("waits for what the peer is not ready for", async () => {
    const pair = busPair();
    const order: string[] = [];
    pair.a.lifecycle.on("ready", () => order.push("ready"));
    pair.a.to(pair.toB).emit("x");
    const flushed = pair.a.flushed().then(() => order.push("flushed"));
    await turn();
    pair.b.on("x", () => 1);
    await flushed;
    expect(order).to.deep.equal(["ready", "flushed"]);
  });
});

describe("a careful sender", () => {
  it("waits for drained() and loses nothing", async () => {
    const pair = busPair();
    const seen: unknown[] = [];
    pair.b.on("x", (data) => {
      seen.push(data);
    });
    pair.b.on("probe", () => 1);
    await pair.a.to(pair.toB).emit("probe").ackd();
    pair.a.limits.pending = 10_000;
    const lost = sinon.spy();
    pair.a.lifecycle.on("undelivered", lost);
    let waits = 0;
    for (let i = 0; i < 5000; i++) {
      if (!pair.toB.writable) {
        waits++;
        await pair.toB.drained();
      }
      pair.a.to(pair.toB).emit("x", i);
    }
    await pair.a.to(pair.toB).emit("probe").ackd();
    expect(seen).to.have.length(5000);
    expect(waits).to.be.above(5);
    sinon.assert.notCalled(lost);
  });

  it("waits while the peer is coming up, and goes on when it is there", async () => {
    const pair = busPair();
    let waits = 0;
    for (const peer of [pair.toB, pair.toA]) {
      while (!peer.writable) {
        // A loop that only waits for promises would never let the hello in.
        if (++waits > 2) throw new Error("it turns without end");
        await peer.drained();
      }
      expect(peer.state).to.equal("up");
    }
    expect(waits).to.be.above(0);
  });

  for (const gone of ["closes", "is closed", "dies while it comes up", "never was"] as const) {
    it(`goes on when the peer ${gone}, and is told why nothing arrives`, async () => {
      const pair = busPair();
      if (gone === "closes" || gone === "is closed") {
        pair.b.on("x", () => 1);
        await pair.a.to(pair.toB).emit("x").ackd();
        pair.a.limits.pending = 1000;
        pair.left.stop();
        pair.a.to(pair.toB).emit("x", "x".repeat(900));
        await turn();
        expect(pair.toB.writable).to.equal(false);
      }
      const { peer } = gone === "never was" ? pair.a.to("parent") : { peer: pair.toB };
      const loop = (async () => {
        let waits = 0;
        while (!peer.writable) {
          if (++waits > 2) throw new Error("it turns without end");
          await peer.drained();
        }
      })();
      if (gone === "closes") void pair.b.close({ timeout: 50 });
      else if (gone === "is closed") void pair.a.close({ timeout: 1 });
      else pair.cut();
      await loop;
      expect(await rejection(pair.a.to(peer).emit("x").ackd())).to.include({ executed: "no" });
      pair.cut();
    });
  }

  it("is let go when the peer goes", async () => {
    const pair = busPair();
    pair.a.limits.pending = 1000;
    pair.a.to(pair.toB).emit("x", "x".repeat(900));
    expect(pair.toB.writable).to.equal(false);
    const drained = pair.toB.drained();
    pair.cut();
    await drained;
    expect(pair.toB.writable).to.equal(true);
  });
});
