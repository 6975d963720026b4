import { expect } from "chai";
import type { Layer } from "../../lib/chain/layer.ts";
import type { Message, Middleware } from "../../lib/index.ts";
import { type BusPair, busPair, rejection, turn } from "../support/buses.ts";

describe("a time-out", () => {
  let pair: BusPair;
  const late = async (event: string): Promise<string> => {
    const error = await rejection(pair.a.to(pair.toB).emit(event).within(30).ackd());
    expect(error).to.include({ code: "ERR_ACK_TIMEOUT" });
    return error.message;
  };
  const stuckAt = (crossing: string): Middleware =>
    function gate(message: Message, next) {
      const isIt = `${message.direction} ${message.kind} ${message.event}` === crossing;
      return isIt ? new Promise(() => {}) : next();
    };

  beforeEach(async () => {
    pair = busPair();
    pair.b.on("x", (data) => data);
    await pair.a.to(pair.toB).emit("x").ackd();
  });

  it("names the layer that holds the message", async () => {
    pair.a.use(stuckAt("outbound event stuck"));
    expect(await late("stuck")).to.include('middleware "gate" has not called next()');
  });

  it("names the layer, and the message, that it waits behind", async () => {
    pair.a.use(stuckAt("outbound event stuck"));
    void rejection(pair.a.to(pair.toB).emit("stuck").within(1000).ackd());
    const text = await late("x");
    expect(text).to.include('behind "stuck", for which middleware "gate" has not called next()');
  });

  it("names the layer that holds its ack", async () => {
    pair.a.use(stuckAt("inbound ack x"));
    expect(await late("x")).to.match(/ack has arrived, but .* middleware "gate"$/);
  });

  it("names the queue", async () => {
    const peer = pair.a.ns("never").to(pair.toB);
    const error = await rejection(peer.emit("x").within(30).ackd());
    expect(error).to.include({ code: "ERR_ACK_TIMEOUT", executed: "no" });
    expect(error.message).to.include('in the queue, as its namespace "never" is not open');
  });

  it("names the namespaces that are open in its place", async () => {
    const { a, b, toB } = busPair();
    const late = async () => {
      const error = await rejection(a.ns("jbos").to(toB).emit("x").within(30).ackd());
      return error.message.split("first on(); ")[1];
    };
    b.to("parent");
    expect(await late()).to.equal("none is");
    b.ns("jobs").on("x", () => 1);
    await a.ns("jobs").to(toB).ready();
    expect(await late()).to.equal('open there: "jobs"');
    for (let index = 0; index < 12; index++) b.ns(`n${index}`).on("x", () => 1);
    await a.ns("n11").to(toB).ready();
    expect(await late()).to.match(/^open there: "jobs", "n11", "n0", .*"n7", and 3 more$/);
    await b.ns("jobs").close();
    for (let index = 0; index < 12; index++) await b.ns(`n${index}`).close();
    expect(await late()).to.equal("none is");
  });

  it("names the channel, of what was given to it and of what was not", async () => {
    pair.left.stop();
    const given = late("x");
    await turn();
    const waiting = late("x");
    expect(await given).to.include("given to the channel, which has not taken it");
    expect(await waiting).to.include("waits to be written, as the channel takes nothing");
  });

  it("names the listener", async () => {
    pair.b.on("slow", () => new Promise(() => {}));
    expect(await late("slow")).to.match(
      /is ready, and it was sent: neither a listener .* answered/,
    );
  });

  it("is no fault of a layer where nothing has opened the namespace and namespacing was replaced", async () => {
    const passing: Layer = Object.assign(((_, next) => next()) as Middleware, {
      slot: "namespacing" as const,
    });
    pair.b.use(passing);
    // Its bus over there says it is ready, and nothing here has asked for it.
    const peer = pair.a.ns("nowhere");
    pair.toB.ready("nowhere");
    const error = await rejection(peer.to(pair.toB).emit("x").ackd());
    expect(error).to.include({ code: "ERR_UNHANDLED", executed: "no" });
  });
});
