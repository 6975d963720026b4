import { expect } from "chai";
import type { BusError } from "../../lib/index.ts";
import { type BusPair, busPair, nextEvent, rejection, turn } from "../support/buses.ts";

/** Throws whatever is asked of it. */
function hostile(): object {
  const fail = (): never => {
    throw new Error("a trap");
  };
  const traps = { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail };
  return new Proxy({}, { ...traps, getOwnPropertyDescriptor: fail });
}

describe("whether a listener ran", () => {
  let pair: BusPair;
  let heard: unknown[];

  beforeEach(async () => {
    pair = busPair();
    heard = [];
    pair.b.on("x", (data) => {
      heard.push(data);
      return data;
    });
    await pair.a.to(pair.toB).emit("x", "first").ackd();
  });

  describe("where a layer throws after next()", () => {
    /** The peer does not read, so that all that comes waits as text. */
    const stop = async () => {
      pair.left.stop();
      pair.a.to(pair.toB).emit("x", "taken");
      await turn();
    };
    const told = () => {
      const errors: BusError[] = [];
      pair.a.lifecycle.on("undelivered", (error) => errors.push(error));
      return errors;
    };

    it("is no, and what waits is taken back, whatever is asked of it afterwards", async () => {
      pair.a.use((message, next) => {
        const rest = next();
        if (message.kind === "event" && message.data === "bad") throw new Error("checked late");
        return rest;
      });
      const undelivered = told();
      await stop();
      const peer = pair.a.to(pair.toB);
      const asked = rejection(peer.emit("x", "bad").ackd());
      peer.emit("x", "bad").within(500);
      peer.emit("x", "bad");
      expect(await asked).to.include({ code: "ERR_REFUSED", executed: "no" });
      pair.left.resume();
      expect(await peer.emit("x", "last").ackd()).to.equal("last");
      expect(heard).to.deep.equal(["first", "taken", "last"]);
      expect(undelivered.map(({ executed }) => executed)).to.deep.equal(["no", "no"]);
      expect(pair.toB.unanswered.size).to.equal(0);
      expect(pair.toB.backlog.waiting).to.equal(0);
    });

    it("is no also where the layer takes its time", async () => {
      let go = (): void => {};
      const held = new Promise<void>((resolve) => (go = resolve));
      pair.a.use(async (message, next) => {
        await next();
        if (message.data !== "bad") return;
        await held;
        throw new Error("checked later");
      });
      const undelivered = told();
      await stop();
      const peer = pair.a.to(pair.toB);
      peer.emit("x", "bad");
      await turn();
      go();
      await turn();
      expect(undelivered.map(({ code, executed }) => [code, executed])).to.deep.equal([
        ["ERR_REFUSED", "no"],
      ]);
      pair.left.resume();
      await peer.emit("x", "last").ackd();
      expect(heard).to.deep.equal(["first", "taken", "last"]);
    });

    it("is maybe once it was written, also of what nobody waits for", async () => {
      pair.a.use(async (message, next) => {
        await next();
        if (message.data !== "bad") return;
        while (!heard.includes("bad")) await turn();
        throw new Error("checked far too late");
      });
      const undelivered = nextEvent(pair.a.lifecycle, "undelivered");
      pair.a.to(pair.toB).emit("x", "bad");
      expect((await undelivered)[0]).to.include({ code: "ERR_REFUSED", executed: "maybe" });
    });

    it("is told once of what goes with its peer while the layer still runs", async () => {
      pair.a.use(async (message, next) => {
        await next();
        if (message.data === "slow") await new Promise(() => {});
      });
      const undelivered = told();
      await stop();
      pair.a.to(pair.toB).emit("x", "slow");
      await turn();
      pair.cut();
      await nextEvent(pair.a.lifecycle, "down");
      expect(undelivered.map(({ executed }) => executed)).to.deep.equal(["maybe", "no"]);
    });
  });

  describe("whatever a layer makes of the error", () => {
    it("is yes where a gateway passes on the error of a listener that it asked", async () => {
      let charged = 0;
      pair.a.ns("bank").on("charge", () => {
        charged++;
        throw new Error("declined");
      });
      pair.b.ns("shop").use(async (message, next) => {
        await next();
        if (message.direction !== "inbound" || message.kind !== "event") return;
        try {
          message.reply = await pair.b.ns("bank").to(pair.toA).emit("charge").ackd();
          message.error = undefined;
        } catch (error) {
          message.error = error as Error;
        }
      });
      pair.b.ns("shop").on("other", () => undefined);
      const error = await rejection(pair.a.ns("shop").to(pair.toB).emit("charge").ackd());
      expect(charged).to.equal(1);
      expect(error).to.include({ code: "ERR_REMOTE", executed: "yes" });
    });

    for (const [where, side, kind] of [
      ["the ack on its way in", "a", "inbound"],
      ["the ack on its way out", "b", "outbound"],
    ] as const) {
      it(`is yes where a layer puts an error that says no into ${where}`, async () => {
        const other = await rejection(pair[side].to("parent").emit("x").ackd());
        expect(other).to.include({ code: "ERR_NO_PEER", executed: "no" });
        pair[side].use((message, next) => {
          if (message.kind === "ack" && message.direction === kind) message.error = other;
          return next();
        });
        const error = await rejection(pair.a.to(pair.toB).emit("x", "again").ackd());
        expect(heard).to.deep.equal(["first", "again"]);
        expect(error).to.include({ code: "ERR_NO_PEER", executed: "yes" });
      });
    }

    it("is no where an event without a listener was answered, and that answer failed", async () => {
      pair.b.use(async (message, next) => {
        await next();
        if (message.direction !== "inbound") return;
        message.error = undefined;
        message.reply = () => "a function cannot be sent";
      });
      const error = await rejection(pair.a.to(pair.toB).emit("nobody").ackd());
      expect(error).to.include({ code: "ERR_NOT_SERIALIZABLE", executed: "no" });
    });
  });

  describe("whatever a listener throws or returns", () => {
    for (const [what, listener] of [
      [
        "throws",
        () => {
          throw hostile();
        },
      ],
      ["rejects with", () => Promise.reject(hostile())],
      ["returns", () => hostile()],
    ] as const) {
      it(`is yes where it ${what} a Proxy that throws`, async () => {
        pair.b.on("hostile", listener);
        const error = await rejection(pair.a.to(pair.toB).emit("hostile").ackd());
        expect(error).to.include({ code: "ERR_REMOTE", executed: "yes" });
        const undelivered = nextEvent(pair.b.lifecycle, "undelivered");
        pair.a.to(pair.toB).emit("hostile");
        expect((await undelivered)[0]).to.include({ code: "ERR_REMOTE", executed: "yes" });
      });
    }

    it("is a warning too where nobody listens to what a layer threw", async () => {
      pair.b.use(async (message, next) => {
        await next();
        if (message.event === "x") throw hostile();
      });
      const warned = nextEvent(process, "warning");
      pair.a.to(pair.toB).emit("x", "thrown");
      expect((await warned)[0]).to.include({ code: "ERR_REFUSED" });
      expect(pair.toA.protocolErrors).to.equal(0);
    });
  });
});
