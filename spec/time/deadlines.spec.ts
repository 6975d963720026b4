import { expect } from "chai";
import sinon from "sinon";
import { Deadlines, type Expiring } from "../../lib/time/deadlines.ts";
import { busPair, rejection } from "../support/buses.ts";

class Entry implements Expiring {
  bucket = 0;
  earlier: Expiring | undefined;
  later: Expiring | undefined;
  expiredAt: number | undefined;

  expire(): void {
    this.expiredAt = performance.now();
  }
}

/** What the clock may be late by design, in ms: its resolution and one turn. */
const SLACK = 10;

describe("deadlines", () => {
  let clock: sinon.SinonFakeTimers;
  let deadlines: Deadlines;

  beforeEach(() => {
    clock = sinon.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"],
    });
    deadlines = new Deadlines();
  });

  afterEach(() => {
    clock.restore();
  });

  const add = (timeout: number) => {
    const entry = new Entry();
    deadlines.add(entry, timeout);
    return entry;
  };

  it("come in time, not before, whatever the order in which they were set", () => {
    const timeouts = [10_000, 7, 500, 26, 1, 100, 99, 3000, 2];
    const entries = timeouts.map(add);
    clock.tick(20_000);
    for (const [i, entry] of entries.entries()) {
      const timeout = timeouts[i] ?? 0;
      expect(entry.expiredAt).to.be.within(timeout, timeout + SLACK);
    }
  });

  it("go on after somebody has faked the timers, and given them back", () => {
    const first = add(20);
    clock.tick(1000);
    expect(first.expiredAt).to.be.within(20, 20 + SLACK);
    const pending = add(60_000);
    const inner = sinon.useFakeTimers({ now: 0 });
    add(5);
    inner.tick(10);
    inner.restore();
    const began = performance.now();
    const next = add(30);
    clock.tick(1000);
    expect(next.expiredAt).to.be.within(began + 30, began + 30 + SLACK);
    expect(pending.expiredAt).to.equal(undefined);
  });

  it("that are removed do not come, and leave the others of their bucket", () => {
    const entries = [50, 50, 50, 50].map(add);
    for (const i of [0, 2]) if (entries[i]) deadlines.remove(entries[i]);
    if (entries[0]) deadlines.remove(entries[0]);
    clock.tick(1000);
    expect(entries.map(({ expiredAt }) => expiredAt !== undefined)).to.deep.equal([
      false,
      true,
      false,
      true,
    ]);
  });

  it("do not count the time in which the loop was blocked", () => {
    const entry = add(200);
    clock.tick(100);
    // Nothing runs for ten seconds, as in a synchronous computation.
    clock.jump(10_000);
    clock.tick(60);
    expect(entry.expiredAt).to.equal(undefined);
    clock.tick(60);
    expect(entry.expiredAt).to.not.equal(undefined);
  });

  it("keep all their time when they are set by what holds up the clock a little", () => {
    add(60_000);
    clock.tick(115);
    // The beat after the one at 100 comes 24 ms late: too little to count as a blocked loop.
    performance.now = () => clock.now + 24;
    const entry = add(30);
    clock.tick(29);
    expect(entry.expiredAt).to.equal(undefined);
    clock.tick(SLACK);
    expect(entry.expiredAt).to.not.equal(undefined);
  });

  it("do not count the time in which the loop was blocked before they were set", () => {
    add(60_000);
    clock.tick(100);
    clock.jump(10_000);
    const entry = add(100);
    clock.tick(100 + SLACK + 25);
    expect(entry.expiredAt).to.not.equal(undefined);
  });

  it("count the time of a loop that is busy, but not blocked", () => {
    const entry = add(300);
    for (let beat = 0; beat < 10; beat++) {
      clock.jump(40);
    }
    expect(entry.expiredAt).to.not.equal(undefined);
  });

  it("are clamped where they are absurdly large, and never come where they are infinite", () => {
    const [huge, infinite] = [add(1e300), add(Infinity)];
    expect(deadlines.remaining(huge)).to.be.closeTo(2 ** 31 - 1, SLACK);
    expect(deadlines.remaining(infinite)).to.equal(Infinity);
    clock.tick(1_000_000);
    expect([huge.expiredAt, infinite.expiredAt]).to.deep.equal([undefined, undefined]);
  });

  it("do nothing while all there is has no limit", () => {
    const infinite = add(Infinity);
    const began = performance.now();
    clock.next();
    expect(performance.now() - began).to.be.above(1_000_000);
    deadlines.remove(infinite);
  });

  it("come in time beside what has no limit", () => {
    const infinite = add(Infinity);
    clock.tick(100_000);
    const entry = add(100);
    clock.tick(200);
    expect(entry.expiredAt).to.be.within(100_100, 100_100 + SLACK);
    deadlines.remove(infinite);
  });

  it("tell what remains", () => {
    const entry = add(1000);
    clock.tick(400);
    expect(deadlines.remaining(entry)).to.be.within(600 - SLACK, 600 + SLACK);
  });

  it("let what has arrived be read before they come", () => {
    const entry = add(40);
    let isRead = false;
    // In real time the poll phase stands between the timer and the immediate.
    setTimeout(() => setImmediate(() => (isRead = entry.expiredAt === undefined)), 40);
    clock.tick(41);
    expect(isRead).to.equal(true);
  });

  it("need one timer, however many there are", () => {
    for (let i = 0; i < 10_000; i++) add(5000 + i);
    expect(clock.countTimers()).to.equal(1);
  });

  it("keep no timer when there are none", () => {
    const entry = add(1000);
    deadlines.remove(entry);
    clock.tick(100);
    expect(clock.countTimers()).to.equal(0);
    expect(add(30)).to.have.property("expiredAt", undefined);
    clock.tick(50);
    expect(clock.countTimers()).to.equal(1);
  });
});

describe("a blocked event loop", () => {
  it("fakes no timeout: the sender's own block does not count", async () => {
    const pair = busPair();
    pair.b.on("x", () => "in time");
    await pair.a.to(pair.toB).emit("x").ackd();
    const reply = pair.a.to(pair.toB).emit("x").within(40).ackd();
    const end = performance.now() + 300;
    while (performance.now() < end) {
      // Busy.
    }
    expect(await reply).to.equal("in time");
  });

  it("still lets a message time out that gets no answer", async () => {
    const pair = busPair();
    pair.b.on("x", () => new Promise(() => {}));
    const error = await rejection(pair.a.to(pair.toB).emit("x").within(40).ackd());
    expect(error).to.have.property("code", "ERR_ACK_TIMEOUT");
  });
});
