import { expect } from "chai";
import sinon from "sinon";
import { MemoryLink } from "../lib/links/memory.ts";
import { lonelyBus } from "./support/buses.ts";

describe("a hello that may get lost", () => {
  let clock: sinon.SinonFakeTimers;

  beforeEach(() => {
    clock = sinon.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setImmediate", "nextTick", "performance"],
    });
  });

  afterEach(() => {
    clock.restore();
  });

  /** What is said on a link to which nobody listens yet. */
  function greet(forgetsEarlyFrames: boolean) {
    const { hub, bus } = lonelyBus();
    const link = Object.assign(new MemoryLink("memory:up", "json"), { forgetsEarlyFrames });
    const peer = hub.attach(link);
    peer.greet();
    return { link, peer, bus };
  }

  it("is repeated for some time, ever more rarely, and ends with the answer", () => {
    const { link, peer } = greet(true);
    clock.tick(1000);
    const early = link.sent.length;
    expect(early).to.be.within(3, 10);
    clock.tick(10_000);
    expect(link.sent.length - early).to.be.within(1, early);
    const late = link.sent.length;
    clock.tick(3_600_000);
    expect(link.sent.length).to.be.below(late + 5);
    const { link: answered } = greet(true);
    clock.tick(100);
    answered.receive({ clusterphone2: [1, [0, 2, 0, [], [], 0]] });
    clock.tick(1);
    const before = answered.sent.length;
    clock.tick(10_000);
    expect(answered.sent).to.have.length(before);
    peer.closed({});
  });

  it("is repeated later when there is something to say", () => {
    const { link, peer, bus } = greet(true);
    clock.tick(3_600_000);
    const before = link.sent.length;
    bus.to(peer).emit("x");
    clock.tick(10);
    expect(link.sent).to.have.length(before + 1);
    peer.closed({});
  });

  it("is said once where none gets lost", () => {
    const { link } = greet(false);
    clock.tick(3_600_000);
    expect(link.sent).to.have.length(1);
  });
});
