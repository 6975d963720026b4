import { Socket } from "node:net";
import { expect } from "chai";
import sinon from "sinon";
import { memoryPair } from "../../lib/links/memory.ts";
import { Flag, Item, Seat } from "../../lib/wire/protocol.ts";
import { type BusPair, busPair, lonelyBus, rejection, turn } from "../support/buses.ts";
import { helloOf, itemsOf, tagOf } from "../support/frames.ts";

/** The number of a forged frame: after those of the greeting. */
const FORGED = 10;
/** Stands for the tag of the frames that it is forged among. */
const TAG = "the tag";

/** What arrives at `b` as if `a`'s process had sent it. */
describe("frames from nowhere", () => {
  let pair: BusPair;
  let errors: sinon.SinonSpy;
  let number: number;

  /** The tags of either side's frames. */
  let tagOfA: number;
  let tagOfB: number;

  const send = (...items: unknown[]) =>
    pair.right.receive({ clusterphone2: [tagOfA, ++number, ...items] });

  beforeEach(async () => {
    pair = busPair();
    number = FORGED;
    pair.b.on("echo", (data) => data);
    errors = sinon.spy();
    pair.b.lifecycle.on("protocolError", errors);
    await pair.a.to(pair.toB).emit("echo").ackd();
    tagOfA = tagOf(pair.left);
    tagOfB = tagOf(pair.right);
  });

  /** The bus goes on as if nothing had been. */
  async function stillWorks(): Promise<void> {
    // The real frames come up to the number of the forged ones; until then they count as repeated.
    number += FORGED;
    for (; number >= FORGED; number--) {
      pair.a.to(pair.toB).emit("echo");
      await turn();
    }
    expect(await pair.a.to(pair.toB).emit("echo", "still here").ackd()).to.equal("still here");
  }

  const malformed: Record<string, unknown> = {
    "no list": 7,
    nothing: null,
    "an empty list": [],
    "no tag": ["x", FORGED, [2]],
    "no number": [TAG, "x", [2]],
    "a text that is no JSON": [TAG, FORGED, "{not json"],
    "a text that is no list": [TAG, FORGED, '{"a":1}'],
    "items that are no lists": [TAG, FORGED, { a: 1 }, null],
    "a head that is no number": [TAG, FORGED, ["2", 1, "_", "echo", 0]],
    "an unknown kind": [TAG, FORGED, [15, 1, 2, 3]],
    "an event without a name": [TAG, FORGED, [2, 1, "_"]],
    "an event with an empty namespace": [TAG, FORGED, [2, 1, "", "echo", 0]],
    "an event with a bad id": [TAG, FORGED, [2, -1, "_", "echo", 0]],
    "an event with a fraction for an id": [TAG, FORGED, [2, 1.5, "_", "echo", 0]],
    "an event with bad options": [TAG, FORGED, [2, 1, "_", "echo", "x"]],
    "an event with bad headers": [TAG, FORGED, [2, 1, "_", "echo", { h: 1 }]],
    "an endless name": [TAG, FORGED, [2, 1, "_", "x".repeat(100_000), 0]],
    "a bad encoded payload": [TAG, FORGED, [2 | 64, 1, "_", "echo", 0, "{"]],
    "a payload beside that is none": [TAG, FORGED, '[[194,1,"_","echo",0]]', 5],
    "an ack with a bad id": [TAG, FORGED, [3, "x", 0]],
    "a hello without namespaces": [TAG, FORGED, [0, 2, 0, "a", Seat.EQUAL, 0, [], 5, 0]],
    "a hello of nobody": [TAG, FORGED, [0, 2, 0, 7, Seat.EQUAL, 0, [], [], 0]],
    "a hello from nowhere": [TAG, FORGED, [0, 2, 0, "a", 9, 0, [], [], 0]],
    "a hello to nobody": [TAG, FORGED, [0, 2, 0, "a", Seat.EQUAL, {}, [], [], 0]],
    "a hello of somebody else": [TAG, FORGED, helloOf()],
    "a ready without a namespace": [TAG, FORGED, [1, {}]],
  };

  for (const [what, body] of Object.entries(malformed)) {
    it(`are ignored and counted: ${what}`, async () => {
      const tagged = Array.isArray(body)
        ? body.map((part) => (part === TAG ? tagOfA : part))
        : body;
      pair.right.receive({ clusterphone2: tagged });
      sinon.assert.calledOnce(errors);
      expect(errors.firstCall.args[0]).to.have.property("code", "ERR_PROTOCOL");
      expect(pair.toA.protocolErrors).to.equal(1);
      await stillWorks();
    });
  }

  it("that hold one bad item still bring the others", async () => {
    const heard = sinon.spy();
    pair.b.on("x", heard);
    send([2, 900, "_", "x", 0, 1], [2, "bad"], [2, 901, "_", "x", 0, 2]);
    await turn();
    expect(heard.args.map(([data]) => data)).to.deep.equal([1, 2]);
    sinon.assert.calledOnce(errors);
  });

  it("that are not ours are not touched", () => {
    for (const foreign of [
      undefined,
      null,
      5,
      "text",
      {},
      { cmd: "x" },
      { clusterphone: 1 },
      [1],
    ]) {
      pair.right.receive(foreign);
    }
    pair.right.receive(Object.create({ clusterphone2: "garbage" }));
    sinon.assert.notCalled(errors);
    expect(pair.toA.protocolErrors).to.equal(0);
  });

  it("lose the handle that came with them, if they are malformed, or tell of none", () => {
    const bodies: unknown[] = [
      "garbage",
      [tagOfA, FORGED],
      [tagOfA, FORGED + 1, [1, "a namespace"], [2, 1, "_", "x", 0]],
    ];
    for (const body of bodies) {
      const handle = new Socket();
      pair.toA.frame(body, handle);
      expect(handle.destroyed, JSON.stringify(body)).to.equal(true);
    }
  });

  it("run no listener where their handle did not come, and say so to who asks", async () => {
    const heard = sinon.spy();
    pair.b.on("x", heard);
    pair.right.sent.length = 0;
    const { EVENT, HANDLE_CHECK, HANDLE_RESULT } = Item;
    send([EVENT | Flag.HANDLE, 900, "_", "x", 0, 1]);
    send([HANDLE_CHECK, 900]);
    await turn();
    sinon.assert.notCalled(heard);
    const [frame] = pair.right.sent as { clusterphone2: unknown[] }[];
    expect(frame?.clusterphone2[2]).to.deep.equal([HANDLE_RESULT, 900, false]);
  });

  it("settle nothing with a code that is none, or is inherited", async () => {
    for (const code of ["constructor", "__proto__", "ERR_MADE_UP", 7]) {
      const pending = rejection(pair.a.to(pair.toB).emit("hang").ackd());
      const id = pair.toB.nextId() - 1;
      pair.b.once("hang", () => new Promise(() => {}));
      await turn();
      await turn();
      pair.left.receive({ clusterphone2: [tagOfB, ++number * 1000, [3 | 32, id, 0, { code }]] });
      const error = await pending;
      expect(error).to.include({ name: "BusError", code: "ERR_REFUSED", executed: "maybe" });
    }
  });

  it("do not reach Object.prototype", async () => {
    const headers = JSON.parse('{"__proto__": "polluted", "constructor": "x"}') as object;
    const data = JSON.parse('{"__proto__": {"polluted": true}}') as object;
    const heard = sinon.spy();
    pair.b.on("__proto__", heard);
    send([2, 900, "_", "__proto__", { h: headers }, data]);
    send([2, 901, "__proto__", "constructor", 0]);
    send([3 | 32, 1, 0, { code: "__proto__", message: "x", cause: { data } }]);
    await turn();
    expect(({} as Record<string, unknown>)["polluted"]).to.equal(undefined);
    expect(Object.prototype).to.not.have.property("polluted");
    const message = heard.firstCall.args[1] as { headers: object };
    expect(Object.getPrototypeOf(message.headers)).to.equal(null);
  });

  it("with acks for nothing, or twice, are dropped in silence", async () => {
    send([3, 1, 0, "for nothing"], [3, 1, 0, "again"], [3, 424242, 0, "for nothing"]);
    for (let i = 0; i < 200; i++) send([3, 5000 + i, 0, "flood"]);
    sinon.assert.notCalled(errors);
    await stillWorks();
  });

  it("with a second ack, while a middleware holds the first, are dropped as well", async () => {
    let crossings = 0;
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    pair.a.use((message, next) => {
      if (message.kind !== "ack" || message.direction !== "inbound") return next();
      crossings++;
      return gate.then(next);
    });
    pair.b.on("held", () => "the first");
    const reply = pair.a.to(pair.toB).emit("held").ackd();
    while (crossings === 0) await turn();
    for (let id = 1; id < 50; id++) {
      pair.left.receive({ clusterphone2: [tagOfB, ++number * 1000, [3, id, 0, "the second"]] });
    }
    release();
    expect(await reply).to.equal("the first");
    expect(crossings).to.equal(1);
  });

  it("that come again are taken once", async () => {
    const heard = sinon.spy();
    pair.b.on("x", heard);
    const frame = { clusterphone2: [tagOfA, 777, [2, 900, "_", "x", 0, 1]] };
    pair.right.receive(frame);
    pair.right.receive(structuredClone(frame));
    await turn();
    sinon.assert.calledOnce(heard);
  });

  it("for a namespace that is not open are answered", async () => {
    pair.right.sent.length = 0;
    send([2 | 16, 900, "closed here", "x", 0]);
    await turn();
    const sent = JSON.stringify(pair.right.sent);
    expect(sent).to.include("ERR_UNHANDLED").and.to.include("is not open here");
  });

  it("that flood a side which cannot write cost no memory: hellos, closings, and questions for handles", async () => {
    pair.right.stop();
    pair.left.stop();
    pair.left.sent.length = 0;
    const [[, , , toB = ""] = []] = itemsOf(pair.right.sent) as string[][];
    const flood = (...item: unknown[]) => {
      for (let i = 0; i < 3000; i++) {
        pair.left.receive({ clusterphone2: [tagOfB, ++number * 1000, item] });
      }
    };
    flood(...helloOf({ from: toB, asks: true }));
    flood(7, "_", 0);
    flood(4, 1);
    await turn();
    pair.left.resume();
    await turn();
    // Of what the buses tell each other at most 1,000 notes wait.
    expect(JSON.stringify(pair.left.sent).length).to.be.below(60_000);
  });

  it("that claim to be longer than they are cost neither time nor names", async () => {
    const cloned = busPair("clone");
    cloned.b.on("echo", (data) => data);
    await cloned.a.to(cloned.toB).emit("echo").ackd();
    const of = (length: number, ...list: unknown[]) => Object.assign(list, { length });
    const tag = tagOf(cloned.left);
    const toA = cloned.toA;
    const hello = helloOf({ from: cloned.a.hub.identity, to: cloned.b.hub.identity });
    const ignored: unknown[][] = [
      of(2 ** 32 - 1, tag, FORGED),
      [tag, FORGED, of(2 ** 32 - 1, Item.EVENT | Flag.RUN, 1, "_", "echo")],
      [tag, FORGED, of(2 ** 32 - 1, Item.ACK | Flag.RUN, 1)],
      [tag, FORGED, hello.with(7, of(2 ** 32 - 1))],
      [tag, FORGED + 1, hello.with(7, of(2, "echo"))],
    ];
    for (const body of ignored) cloned.right.receive(structuredClone({ clusterphone2: body }));
    expect(toA.protocolErrors).to.equal(ignored.length);
    expect(toA.isReady(undefined as unknown as string)).to.equal(false);
  });

  it("settle a receipt also where its error makes no sense", async () => {
    const cloned = busPair("clone");
    cloned.b.on("hang", () => new Promise(() => {}));
    cloned.b.on("echo", (data) => data);
    await cloned.a.to(cloned.toB).emit("echo").ackd();
    const tag = tagOf(cloned.right);
    const senseless: unknown[] = [
      Object.assign([{}], { length: 2 ** 32 - 1 }),
      [{ inner: Object.assign([], { length: 2 ** 32 - 1 }) }],
      [{ inner: [[Object.assign(["x"], { length: 2 ** 32 - 1 }), 0]] }],
      [{ name: "AggregateError", data: { errors: [1] }, inner: [[["errors", "length"], 0]] }],
      [{ data: { x: new BigInt64Array(1) }, inner: [[["x", "0"], 0]] }],
      [{ data: { cause: 1 }, inner: [[["cause"], "constructor"]] }],
      [{ data: { x: /a/ }, inner: [[["x", "lastIndex"], 0]] }],
      [{ data: { x: new String("abc") }, inner: [[["x", "0"], 0]] }],
    ];
    for (const [index, cause] of senseless.entries()) {
      const receipt = rejection(cloned.a.to(cloned.toB).emit("hang").ackd());
      await turn();
      const [event] = cloned.toB.unanswered.values();
      const item = [Item.ACK | Flag.FAILURE | Flag.BESIDE, event?.id, 0];
      const failure = { code: "ERR_REMOTE", cause };
      const body = [tag, FORGED + index, JSON.stringify([item]), failure];
      cloned.left.receive(structuredClone({ clusterphone2: body }));
      const { code, cause: told } = await receipt;
      expect(code).to.equal("ERR_REMOTE");
      expect((told as Error).cause).not.to.be.a("function");
    }
  });

  it("announce only so many namespaces", () => {
    for (let i = 0; i < 10_100; i++) send([1, `made up ${i}`]);
    expect(errors.callCount).to.be.within(100, 110);
    expect(errors.lastCall.args[0])
      .to.have.property("message")
      .that.includes("more than 10000 namespaces");
  });

  it("close only so many namespaces", async () => {
    for (let i = 0; i < 10_100; i++) send([1, `made up ${i}`]);
    pair.right.sent.length = 0;
    // In this order: a namespace that is closed makes room for another.
    send([7, "one too many", 0], [7, "made up 1", 0]);
    await turn();
    const sent = JSON.stringify(pair.right.sent);
    expect(sent).to.include('[7,"made up 1",1]').and.not.to.include("one too many");
  });
});

describe("a ready namespace", () => {
  it("is not told of before the hello, which got lost then", async () => {
    const { bus, hub } = lonelyBus();
    const { left } = memoryPair();
    const peer = hub.attach(left);
    const told: string[] = [];
    bus.lifecycle.on("up", () => told.push("up"));
    bus.lifecycle.on("ready", (_, namespace) => told.push(namespace));
    peer.greet();
    await turn();
    const [[, , , identity] = []] = itemsOf(left.sent);
    left.receive({ clusterphone2: [7, 3, [1, "early"]] });
    expect(told).to.deep.equal([]);
    const hello = helloOf({ to: identity as string, namespaces: ["early"] });
    left.receive({ clusterphone2: [7, 4, hello, [1, "early"], [1, "later"]] });
    expect(told).to.deep.equal(["up", "early", "later"]);
    expect(peer.isReady("early")).to.equal(true);
  });
});

describe("a peer of another major version", () => {
  it("is refused in one clear error: what waited fails, what comes fails", async () => {
    const pair = busPair();
    const waiting = rejection(pair.a.to(pair.toB).emit("x").ackd());
    const hello = helloOf({ major: 3, minor: 1, namespaces: ["_"], asks: true });
    pair.left.receive({ clusterphone2: [7, 50, hello] });
    const error = await waiting;
    expect(error).to.include({ code: "ERR_PROTOCOL", executed: "no" });
    expect(error.message).to.match(/speaks protocol 3\.1.*this side speaks 2/);
    const later = await rejection(pair.a.to(pair.toB).emit("x").ackd());
    expect(later).to.have.property("code", "ERR_PROTOCOL");
    expect(pair.toB.state).to.equal("down");
  });

  it("with a newer minor is understood", async () => {
    const pair = busPair();
    await turn();
    const [[, , , from] = []] = itemsOf(pair.left.sent);
    const hello = helloOf({ minor: 9, to: from as string, features: ["new"], namespaces: ["_"] });
    pair.left.receive({ clusterphone2: [7, 50, [...hello, null, "more"], [12, "new item"]] });
    expect(pair.toB.isReady("_")).to.equal(true);
    expect(pair.toB.protocolErrors).to.equal(1);
  });
});
