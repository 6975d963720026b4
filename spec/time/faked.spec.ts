import { setTimeout as realTimeout } from "node:timers/promises";
import { expect } from "chai";
import sinon from "sinon";
import { type BusPair, busPair, rejection } from "../support/buses.ts";

/** As Jest does it; and what it does before it gives them back is none of it. */
const ALL = [
  ...(["nextTick", "queueMicrotask", "setImmediate", "clearImmediate"] as const),
  ...([
    "setTimeout",
    "clearTimeout",
    "setInterval",
    "clearInterval",
    "performance",
    "Date",
  ] as const),
];

describe("timers that a test fakes", () => {
  let pair: BusPair;
  let clock: sinon.SinonFakeTimers | undefined;

  beforeEach(async () => {
    pair = busPair();
    pair.b.on("echo", (data) => data);
    await pair.a.to(pair.toB).emit("echo").ackd();
  });

  afterEach(() => {
    clock?.restore();
  });

  it("stand for the time of messages, and hold none of them up", async () => {
    clock = sinon.useFakeTimers({ toFake: [...ALL] });
    const called = new Promise((resolve) => {
      void pair.a
        .to(pair.toB)
        .emit("echo", 0)
        .ackd((_error, reply) => resolve(reply));
    });
    expect(await called).to.equal(0);
    pair.b.ns("late").on("echo", (data) => data);
    expect(await pair.a.to(pair.toB).emit("echo", 1).ackd()).to.equal(1);
    expect(await pair.a.ns("late").to(pair.toB).emit("echo", 2).ackd()).to.equal(2);
    pair.left.stop();
    const late = rejection(pair.a.to(pair.toB).emit("echo", 3).within(500).ackd());
    clock.tick(600);
    clock.tick(600);
    expect(await late).to.have.property("code", "ERR_ACK_TIMEOUT");
  });

  it("leave nothing behind when they are given back, whatever they have not run", async () => {
    clock = sinon.useFakeTimers({ toFake: [...ALL] });
    const peer = pair.a.to(pair.toB);
    peer.emit("echo", 1);
    pair.b.ns("late").on("echo", (data) => data);
    clock.restore();
    expect(await peer.emit("echo", 2).ackd()).to.equal(2);
    expect(await pair.a.ns("late").to(pair.toB).emit("echo", 3).ackd()).to.equal(3);
    pair.left.stop();
    const late = rejection(peer.emit("echo", 4).within(20).ackd());
    expect(await Promise.race([late, realTimeout(5000, {})])).to.have.property(
      "code",
      "ERR_ACK_TIMEOUT",
    );
  });

  it("may be given back between a time that is over and what it ends", async () => {
    pair.left.stop();
    const peer = pair.a.to(pair.toB);
    clock = sinon.useFakeTimers({ toFake: [...ALL] });
    const first = rejection(peer.emit("echo", 1).within(5).ackd());
    clock.next();
    clock.restore();
    const second = rejection(peer.emit("echo", 2).within(20).ackd());
    for (const late of [first, second]) {
      expect(await Promise.race([late, realTimeout(5000, {})])).to.have.property(
        "code",
        "ERR_ACK_TIMEOUT",
      );
    }
  });
});
