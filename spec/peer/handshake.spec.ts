import { expect } from "chai";
import sinon from "sinon";
import { MemoryLink } from "../../lib/links/memory.ts";
import { Seat } from "../../lib/wire/protocol.ts";
import { lonelyBus, turn } from "../support/buses.ts";
import { fakeNative } from "../support/faked.ts";
import { type ForgedHello, helloOf, itemsOf } from "../support/frames.ts";

describe("a hello that may get lost", () => {
  let clock: sinon.SinonFakeTimers;
  let giveBack: () => void;

  beforeEach(() => {
    clock = sinon.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setImmediate", "nextTick", "performance"],
    });
    giveBack = fakeNative();
  });

  afterEach(() => {
    giveBack();
    clock.restore();
  });

  /** What is said on a link to which nobody listens yet. */
  function greet(forgetsEarlyFrames: boolean) {
    const { hub, bus } = lonelyBus();
    const link = Object.assign(new MemoryLink("memory:up", "json"), { forgetsEarlyFrames });
    const peer = hub.attach(link);
    peer.greet();
    /** How many hellos are said while something is sent so often, every 100 ms. */
    const saidWhileSending = (times: number): number => {
      const before = link.sent.length;
      for (let sent = 0; sent < times; sent++) {
        bus.to(peer).emit("x");
        clock.tick(100);
      }
      return link.sent.length - before;
    };
    return { link, peer, bus, saidWhileSending };
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
    answered.receive({ clusterphone2: [7, 1, helloOf()] });
    clock.tick(1);
    const before = answered.sent.length;
    clock.tick(10_000);
    expect(answered.sent).to.have.length(before);
    peer.closed({});
  });

  it("is repeated later when there is something to say", () => {
    const { peer, saidWhileSending } = greet(true);
    clock.tick(3_600_000);
    expect(saidWhileSending(1)).to.equal(1);
    peer.closed({});
  });

  it("is said once where none gets lost", () => {
    const { link, saidWhileSending } = greet(false);
    clock.tick(3_600_000);
    expect(saidWhileSending(1)).to.equal(0);
    expect(link.sent).to.have.length(1);
  });

  it("is said after 25 ms again, then after twice as many, and ten times in all", () => {
    const { link, peer } = greet(true);
    for (let said = 1, wait = 25; said < 10; said++, wait *= 2) {
      clock.tick(wait - 1);
      expect(link.sent).to.have.length(said);
      clock.tick(1);
      expect(link.sent).to.have.length(said + 1);
    }
    clock.tick(3_600_000);
    expect(link.sent).to.have.length(10);
    expect(clock.countTimers()).to.equal(0);
    peer.closed({});
  });

  it("is not said again by what is sent meanwhile, nor later more often than once a second", () => {
    const { link, peer, bus, saidWhileSending } = greet(true);
    clock.tick(1);
    bus.to(peer).emit("x");
    clock.tick(1);
    expect(link.sent).to.have.length(1);
    clock.tick(3_600_000);
    expect(saidWhileSending(26)).to.equal(3);
    peer.closed({});
  });

  it("is not repeated to who is gone", () => {
    const { peer } = greet(true);
    expect(clock.countTimers()).to.be.above(0);
    clock.tick(1);
    peer.closed({});
    expect(clock.countTimers()).to.equal(0);
  });
});

describe("a hello", () => {
  const asked = helloOf({ asks: true });
  let link: MemoryLink;
  let number: number;
  let identity: string;

  /** What was sent since it was asked last, item by item. */
  async function sent(): Promise<unknown[][]> {
    await turn();
    return itemsOf(link.sent.splice(0));
  }
  /** Whether each of the hellos asks for one. */
  const asking = (items: unknown[][]) =>
    items.filter(([kind]) => kind === 0).map((item) => item[8] === 1);
  const receive = (...items: unknown[][]) =>
    link.receive({ clusterphone2: [7, ++number, ...items] });
  /** One that answers ours. */
  const answer = (forged: ForgedHello = {}) => helloOf({ to: identity, ...forged });

  function attach() {
    const { hub, bus } = lonelyBus();
    const peer = hub.attach(link);
    ({ identity } = hub);
    return { bus, peer };
  }

  beforeEach(() => {
    link = new MemoryLink("memory:up", "json");
    number = 0;
  });

  it("asks until one has come, and tells version, features and namespaces", async () => {
    const { bus, peer } = attach();
    bus.on("x", () => 1);
    await turn();
    peer.greet();
    const [first] = await sent();
    const { EQUAL } = Seat;
    expect(first?.slice(0, 9)).to.deep.equal([0, 2, 0, identity, EQUAL, 0, [], ["_"], 1]);
    receive(asked);
    const [second] = await sent();
    const who = [0, 2, 0, identity, EQUAL, "another bus"];
    expect(second?.slice(0, 9)).to.deep.equal([...who, [], ["_"], 0]);
  });

  it("is answered as often as it asks, as the answer may have got lost, but once a turn", async () => {
    const { peer } = attach();
    peer.greet();
    await sent();
    for (let times = 0; times < 3; times++) {
      for (let repeated = 0; repeated < 5; repeated++) receive(asked);
      expect(asking(await sent())).to.deep.equal([false]);
    }
    receive(answer());
    expect(await sent()).to.deep.equal([]);
  });

  it("is answered once also if it asks for nothing, so that the other side knows", async () => {
    const { peer } = attach();
    receive(answer());
    expect(asking(await sent())).to.deep.equal([false]);
    receive(answer());
    peer.greet();
    expect(await sent()).to.deep.equal([]);
  });

  it("lets nothing be sent before the other side is known to have heard", async () => {
    const { bus, peer } = attach();
    const receipt = bus.to(peer).emit("x");
    receive(helloOf({ asks: true, namespaces: ["_"] }));
    expect((await sent()).map(([kind]) => kind)).to.deep.equal([0, 0]);
    expect(peer.isReady("_")).to.equal(false);
    receive(answer({ namespaces: ["_"] }));
    expect((await sent()).map(([kind]) => kind)).to.deep.equal([2]);
    expect(receipt).to.have.property("within");
  });

  it("comes before everything else: no namespace is told of, and no end", async () => {
    const { bus } = attach();
    bus.on("x", () => 1);
    await turn();
    await bus.close();
    expect(await sent()).to.deep.equal([]);
  });
});
