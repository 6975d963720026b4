import { expect } from "chai";
import type { Message, Middleware } from "../../lib/index.ts";
import { type BusPair, busPair, rejection, turn } from "../support/buses.ts";

describe("a middleware that sets a reply and does not call next()", () => {
  let pair: BusPair;
  let ran: number;
  const isEvent = (message: Message, direction: string) =>
    message.kind === "event" && message.direction === direction;
  const answersAt =
    (direction: string, reply: unknown): Middleware =>
    (message, next) => {
      if (!isEvent(message, direction)) return next();
      message.reply = reply;
    };

  beforeEach(async () => {
    pair = busPair();
    ran = 0;
    pair.b.on("x", () => ++ran);
    await pair.a.to(pair.toB).emit("x").ackd();
  });

  for (const reply of ["cached", null, undefined, { of: "an object" }]) {
    it(`answers the sender with ${JSON.stringify(reply)}, inbound`, async () => {
      const crossings: string[] = [];
      pair.b.use((message, next) => {
        crossings.push(`${message.direction} ${message.kind}`);
        return next();
      });
      pair.b.use(answersAt("inbound", reply));
      expect(await pair.a.to(pair.toB).emit("x").ackd()).to.deep.equal(reply);
      expect(ran).to.equal(1);
      // What lies behind it inbound sees the answer only.
      expect(crossings).to.deep.equal(["outbound ack"]);
    });

    it(`answers the local receipt with ${JSON.stringify(reply)}, outbound`, async () => {
      pair.a.use(answersAt("outbound", reply));
      pair.left.sent.length = 0;
      expect(await pair.a.to(pair.toB).emit("x").ackd()).to.equal(reply);
      pair.a.to(pair.toB).emit("x");
      await turn();
      expect(pair.left.sent).to.deep.equal([]);
      expect(ran).to.equal(1);
    });
  }

  it("may take its time to find the reply, and holds up only its lane", async () => {
    pair.a.use(async (message, next) => {
      if (!isEvent(message, "outbound") || message.data !== "cached") return next();
      await turn();
      message.reply = "late";
    });
    const peer = pair.a.to(pair.toB);
    const receipts = [peer.emit("x", "cached").ackd(), peer.emit("x").ackd()];
    expect(await Promise.all(receipts)).to.deep.equal(["late", 2]);
  });

  it("says that no listener ran, also where a layer of the sender then fails", async () => {
    pair.b.use(answersAt("inbound", "cached"));
    pair.a.use((message, next) => {
      if (message.kind === "ack") throw new Error("not with me");
      return next();
    });
    const error = await rejection(pair.a.to(pair.toB).emit("x").ackd());
    expect(error).to.include({ code: "ERR_REFUSED", executed: "no" });
    expect(error.message).to.include("not with me");
  });

  it("does not settle what then throws", async () => {
    pair.b.use((message, next) => {
      if (!isEvent(message, "inbound")) return next();
      message.reply = "almost";
      throw new Error("not quite");
    });
    const error = await rejection(pair.a.to(pair.toB).emit("x").ackd());
    expect(error).to.include({ code: "ERR_REFUSED", executed: "no" });
  });

  it("answers with an error instead, inbound, where that is set too", async () => {
    pair.b.use((message, next) => {
      if (!isEvent(message, "inbound")) return next();
      message.error = new Error("not for you");
    });
    const error = await rejection(pair.a.to(pair.toB).emit("x").ackd());
    expect(error).to.include({ code: "ERR_REFUSED", executed: "no" });
    expect(error.message).to.include("not for you");
  });

  it("drops an ack all the same: the reply that it had was not the layer's", async () => {
    pair.b.use((message, next) => (message.kind === "ack" ? undefined : next()));
    const error = await rejection(pair.a.to(pair.toB).emit("x").ackd());
    expect(error).to.include({ code: "ERR_REFUSED", executed: "yes" });
  });

  it("is heard where the namespace waits to be opened", async () => {
    pair.a.ns("never").use(answersAt("outbound", "from the cache"));
    expect(await pair.a.ns("never").to(pair.toB).emit("x").ackd()).to.equal("from the cache");
  });
});
