import { expect } from "chai";
import { MemoryLink, memoryPair } from "../../lib/links/memory.ts";
import type { Session } from "../../lib/peer/session.ts";
import { Seat } from "../../lib/wire/protocol.ts";
import { lonelyBus, rejection, turn } from "../support/buses.ts";
import { type ForgedHello, helloOf, itemsOf, type SentFrame } from "../support/frames.ts";

const EVENT = [2, 1, "_", "x", 0, "data"];

/** A bus at one end of a link at which others speak under tags of their own. */
async function listening() {
  const { bus, hub } = lonelyBus();
  const link = new MemoryLink("memory:up", "json");
  const heard: unknown[] = [];
  bus.on("x", (data) => {
    heard.push(data);
  });
  await turn();
  const told: string[] = [];
  bus.lifecycle.on("up", ({ state }) => told.push(`up ${state}`));
  bus.lifecycle.on("down", (_, error) => told.push(`down ${error.code}`));
  bus.lifecycle.on("protocolError", (error) => told.push(error.message));
  const peer = hub.attach(link);
  const numbers = new Map<number, number>();
  const { identity } = hub;
  /** Returns whether it was for us. */
  const receive = (tag: number, ...items: unknown[][]) => {
    const number = (numbers.get(tag) ?? 0) + 1;
    numbers.set(tag, number);
    const [session = peer] = hub.peers.all;
    return session.frame([tag, number, ...items], undefined);
  };
  /** What was sent since it was asked last. */
  const sent = async () => {
    await turn();
    return link.sent.splice(0) as unknown as SentFrame[];
  };
  const hello = (from: string, forged: ForgedHello = {}) => helloOf({ from, ...forged });
  const answer = (from: string, forged: ForgedHello = {}) =>
    hello(from, { to: identity, ...forged });
  return { bus, hub, link, peer, heard, told, identity, receive, sent, hello, answer };
}

/** Whom the hellos answer, and whether they ask. */
function questions(frames: readonly SentFrame[]): unknown[] {
  return itemsOf(frames)
    .filter(([kind]) => kind === 0)
    .map((item) => [item[5], item[8] === 1]);
}

describe("a frame of a bus that is not the peer", () => {
  it("is not ours to take, whoever has made it and whatever its number", async () => {
    const { receive, answer, heard, told, peer } = await listening();
    expect(receive(1, answer("peer"))).to.equal(true);
    expect(receive(1, EVENT)).to.equal(true);
    for (let i = 0; i < 20; i++)
      expect(receive(2, EVENT, [3, 1, 0, "a wrong reply"])).to.equal(false);
    expect(receive(1, EVENT)).to.equal(true);
    await turn();
    expect(heard).to.deep.equal(["data", "data"]);
    expect(told).to.deep.equal(["up up"]);
    expect(peer.protocolErrors).to.equal(0);
  });

  it("is not ours to judge, mangled by a channel of another kind", async () => {
    const { peer, receive, answer, told } = await listening();
    const mangled = [2, 1, { type: "Buffer", data: [1] }, "[object Object]"];
    expect(peer.frame(mangled, undefined)).to.equal(false);
    expect(receive(1, answer("peer"))).to.equal(true);
    expect(peer.frame(mangled, undefined)).to.equal(false);
    expect([peer.protocolErrors, told]).to.deep.equal([0, ["up up"]]);
    expect(peer.frame([1, 2, "[object Object]"], undefined)).to.equal(true);
    expect(peer.protocolErrors).to.equal(1);
  });

  it("is not ours before anybody was heard", async () => {
    const { receive, heard, sent } = await listening();
    expect(receive(2, EVENT)).to.equal(false);
    await turn();
    expect(heard).to.deep.equal([]);
    expect(await sent()).to.deep.equal([]);
  });

  const forwarded: Record<string, ForgedHello> = {
    "comes from the same end of the link": { seat: Seat.CHILD },
    "comes from an end that this link has not": { seat: Seat.PARENT },
    "answers somebody else": { to: "somebody else" },
  };
  for (const [what, forged] of Object.entries(forwarded)) {
    it(`is no greeting if it ${what}`, async () => {
      const { receive, hello, sent, peer } = await listening();
      expect(receive(2, hello("another", { asks: true, ...forged }))).to.equal(false);
      expect(await sent()).to.deep.equal([]);
      expect(peer.state).to.equal("connecting");
    });
  }

  it("is no greeting if it is our own, which came back", async () => {
    const { receive, sent, peer } = await listening();
    peer.greet();
    const [own] = await sent();
    expect(peer.frame(own?.clusterphone2, undefined)).to.equal(false);
    expect(receive(1, helloOf({ from: "peer" }))).to.equal(true);
    expect(peer.state).to.equal("up");
  });

  it("may be of the same bus, which talks to itself", async () => {
    const { bus, hub } = lonelyBus();
    const { left, right } = memoryPair();
    bus.on("x", () => "an answer");
    const [one, two] = [hub.attach(left), hub.attach(right)];
    one.greet();
    two.greet();
    expect(await bus.to(one).emit("x").ackd()).to.equal("an answer");
  });
});

describe("another bus on the channel of a peer", () => {
  /** The peer is known, and somebody else has said hello. */
  async function rivalry() {
    const side = await listening();
    side.receive(1, side.answer("old", { namespaces: ["_"] }));
    await side.sent();
    side.receive(2, side.hello("new", { asks: true }));
    const asked = await side.sent();
    return { ...side, asked };
  }
  const current = (hub: { peers: { all: Session[] } }) => hub.peers.all[0];

  it("is asked after the peer, and neither is believed before it answers", async () => {
    const { asked, told, peer } = await rivalry();
    expect(questions(asked)).to.deep.equal([
      ["old", true],
      ["new", true],
    ]);
    expect(told).to.deep.equal(["up up"]);
    expect(peer.state).to.equal("up");
  });

  it("takes its place if it answers first: pending settles, and it is a new peer", async () => {
    const { bus, hub, peer, receive, answer, told, sent, heard } = await rivalry();
    const pending = rejection(bus.to(peer).emit("y").ackd());
    await sent();
    expect(receive(2, answer("new", { namespaces: ["_"] }), EVENT)).to.equal(true);
    const error = await pending;
    expect(error).to.include({ code: "ERR_PEER_DIED", executed: "maybe" });
    expect(error.message).to.include("another bus has taken its place");
    expect(told).to.deep.equal(["up up", "down ERR_PEER_DIED", "up up"]);
    expect(peer.state).to.equal("down");
    const successor = current(hub);
    expect(successor).to.not.equal(peer);
    expect(heard).to.deep.equal(["data"]);
    if (successor) bus.to(successor).emit("y", "to the new");
    expect(
      itemsOf(await sent())
        .at(-1)
        ?.slice(2, 5),
    ).to.deep.equal(["_", "y", "to the new"]);
  });

  it("gets frames under a tag that the one before it does not know", async () => {
    const { hub, bus, receive, answer, asked, sent } = await rivalry();
    receive(2, answer("new", { namespaces: ["_"] }));
    const [toOld, toNew] = asked.map(({ clusterphone2: [tag] }) => tag);
    const successor = current(hub);
    if (successor) bus.to(successor).emit("y");
    const tags = new Set((await sent()).map(({ clusterphone2: [tag] }) => tag));
    expect(toOld).to.not.equal(toNew);
    expect([...tags]).to.deep.equal([toNew]);
  });

  it("leaves nothing of the one before it that could come back", async () => {
    const { hub, receive, answer, hello, sent, heard } = await rivalry();
    receive(2, answer("new"));
    await sent();
    expect(receive(1, EVENT)).to.equal(false);
    expect(receive(1, answer("old"))).to.equal(false);
    expect(receive(3, hello("old", { asks: true }))).to.equal(false);
    expect(await sent()).to.deep.equal([]);
    expect(heard).to.deep.equal([]);
    expect(current(hub)?.state).to.equal("up");
  });

  it("is set aside for good if the peer answers first", async () => {
    const { peer, receive, answer, hello, told, sent } = await rivalry();
    receive(1, answer("old"));
    expect(receive(2, answer("new"), EVENT)).to.equal(false);
    expect(receive(2, hello("new", { asks: true }))).to.equal(false);
    expect(await sent()).to.deep.equal([]);
    expect(told).to.deep.equal(["up up"]);
    expect(peer.state).to.equal("up");
  });

  it("gives way itself to one that comes after it", async () => {
    const { hub, receive, answer, hello, sent } = await rivalry();
    receive(3, hello("newest", { asks: true }));
    expect(questions(await sent())).to.deep.equal([
      ["old", true],
      ["newest", true],
    ]);
    receive(3, answer("newest", { namespaces: ["newest"] }));
    expect(current(hub)?.isReady("newest")).to.equal(true);
  });

  it("is answered past everything that waits when it asks whether the peer is still there", async () => {
    const { link, bus, peer, receive, answer, sent } = await listening();
    receive(1, answer("peer", { namespaces: ["_"] }));
    await sent();
    link.stop();
    for (let i = 0; i < 3; i++) {
      bus.to(peer).emit("y", i);
      await turn();
    }
    link.sent.length = 0;
    bus.to(peer).emit("y", "waits");
    receive(1, answer("peer", { asks: true }));
    expect(questions(link.sent as unknown as SentFrame[])).to.deep.equal([["peer", false]]);
  });

  it("is the same bus if that asks under a tag of its own before it was known", async () => {
    const { receive, hello, answer, peer, sent } = await listening();
    receive(1, hello("peer", { asks: true }));
    await sent();
    expect(receive(2, answer("peer", { asks: true, namespaces: ["_"] }))).to.equal(true);
    expect(questions(await sent())).to.deep.equal([["peer", false]]);
    expect(peer.isReady("_")).to.equal(true);
    expect(receive(1, answer("peer", { asks: true }))).to.equal(false);
  });
});
