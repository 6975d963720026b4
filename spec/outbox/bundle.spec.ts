import { expect } from "chai";
import type { Target } from "../../lib/emit/target.ts";
import { type BusPair, busPair, rejection, turn } from "../support/buses.ts";

describe("what waits as text for a channel that is busy", () => {
  let pair: BusPair;
  let peer: Target;
  let heard: unknown[];

  beforeEach(async () => {
    pair = busPair();
    heard = [];
    pair.b.on("x", (data) => {
      heard.push(data);
      return data;
    });
    peer = pair.a.to(pair.toB);
    await peer.emit("x", "first").ackd();
    pair.left.stop();
    peer.emit("x", "taken by the channel");
    await turn();
  });

  /** More than one bundle takes. */
  const many = (from: number) => {
    for (let i = from; i < from + 400; i++) peer.emit("x", i);
  };

  it("arrives in order, with what is awaited among it", async () => {
    many(0);
    const awaited = peer.emit("x", "awaited").ackd();
    many(400);
    await turn();
    pair.left.resume();
    expect(await awaited).to.equal("awaited");
    const expected = [
      ...Array(400).keys(),
      "awaited",
      ...[...Array(400).keys()].map((i) => i + 400),
    ];
    while (heard.length < 803) await turn();
    expect(heard.slice(2)).to.deep.equal(expected);
    expect(pair.toB.backlog.waiting).to.equal(0);
  });

  it("arrives also where somebody has taught all lists a toJSON", async () => {
    const lists = Array.prototype as { toJSON?: unknown };
    lists.toJSON = () => "no list";
    try {
      many(0);
      await turn();
    } finally {
      delete lists.toJSON;
    }
    pair.left.resume();
    expect(await peer.emit("x", "last").ackd()).to.equal("last");
    expect(heard.slice(2)).to.deep.equal([...Array(400).keys(), "last"]);
  });

  it("does not arrive where its time is over, and the error says no", async () => {
    const late = rejection(peer.emit("x", "late").within(20).ackd());
    many(0);
    await turn();
    expect(await late).to.include({ code: "ERR_ACK_TIMEOUT", executed: "no" });
    pair.left.resume();
    while (heard.length < 402) await turn();
    expect(heard).not.to.include("late");
    expect(pair.toB.backlog.waiting).to.equal(0);
  });

  it("is told of, one by one, when the peer goes", async () => {
    const told: unknown[] = [];
    pair.a.lifecycle.on("undelivered", (error, message) => {
      told.push([error.code, error.executed, message.data]);
    });
    many(0);
    const awaited = rejection(peer.emit("x", "awaited").ackd());
    await turn();
    pair.cut({ exitCode: 3 });
    expect(await awaited).to.include({ code: "ERR_PEER_DIED", executed: "no", exitCode: 3 });
    while (told.length < 401) await turn();
    expect(told[0]).to.deep.equal(["ERR_PEER_DIED", "maybe", "taken by the channel"]);
    expect(told.slice(1)).to.deep.equal(
      [...Array(400).keys()].map((i) => ["ERR_PEER_DIED", "no", i]),
    );
    expect(pair.toB.backlog.waiting).to.equal(0);
  });
});
