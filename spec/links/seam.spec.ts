import { expect } from "chai";
import type { Pace } from "../../lib/links/link.ts";
import { MemoryLink } from "../../lib/links/memory.ts";
import type { Message } from "../../lib/message/message.ts";
import { bodyOf } from "../../lib/wire/protocol.ts";
import { type BusPair, busPair, lonelyBus, rejection, turn } from "../support/buses.ts";
import { helloOf } from "../support/frames.ts";

const NAMESPACE = "_";

describe("what a link tells beside frames", () => {
  let pair: BusPair;
  const note = (data: unknown) => pair.a.to(pair.toB).emit("note", data);

  beforeEach(async () => {
    pair = busPair();
    pair.b.on("note", (data) => data);
    while (!pair.toB.isReady(NAMESPACE)) await turn();
  });

  afterEach(() => pair.cut());

  it("the reason of its end stands in the errors of what was pending", async () => {
    pair.left.stop();
    const ack = rejection(note(1).ackd());
    await turn();
    pair.toB.closed({ reason: "was silent for 30 s" });
    const error = await ack;
    expect(error).to.include({ code: "ERR_PEER_DIED", executed: "maybe" });
    expect(error.message).to.include("memory:left was silent for 30 s");
    expect(error).to.not.have.any.keys("exitCode", "signal");
  });

  it("how long a frame was kept on the way: its deadlines are so much nearer", async () => {
    const remaining: (number | undefined)[] = [];
    pair.b.on("left", (_, message: Message & { remaining?: number }) => {
      remaining.push(message.remaining);
    });
    const { right } = pair;
    right.receive = (frame) => pair.toA.frame(bodyOf(frame)?.body, undefined, 4000);
    await pair.a.to(pair.toB).emit("left").within(10_000).ackd();
    await pair.a.to(pair.toB).emit("left").within(1e6).ackd();
    await pair.a.to(pair.toB).emit("left").ackd();
    expect(remaining[0]).to.be.within(0, 6010);
    expect(remaining[1]).to.be.within(9e5, 1e6 - 3990);
    expect(remaining[2]).to.equal(undefined);
  });

  it("that frames are better kept above it: what comes then was never sent, not by flush() either", async () => {
    pair.toB.flow(false);
    const before = pair.left.sent.length;
    const late = rejection(note(1).within(20).ackd());
    const next = note(2).ackd();
    pair.a.flush();
    expect(await late).to.include({ code: "ERR_ACK_TIMEOUT", executed: "no" });
    expect(pair.left.sent).to.have.length(before);
    pair.toB.flow(true);
    expect(await next).to.equal(2);
  });

  it("what may go on when it takes frames again, though not all were taken that it had", async () => {
    pair.left.stop();
    const first = note(1).ackd();
    await turn();
    pair.toB.flow(false);
    const second = note(2).ackd();
    await turn();
    const before = pair.left.sent.length;
    pair.toB.flow(true);
    expect(pair.left.sent).to.have.length(before + 1);
    pair.left.resume();
    expect(await Promise.all([first, second])).to.deep.equal([1, 2]);
  });
});

describe("the pace of a link", () => {
  /** A peer on a link with a pace of its own, which takes nothing, and is ready. */
  async function stopped(pace: Pace, messages: number): Promise<() => number> {
    const { bus, hub } = lonelyBus();
    const link = Object.assign(new MemoryLink("memory:slow", "json"), { pace });
    const peer = hub.attach(link);
    peer.greet();
    await turn();
    const hello = helloOf({ namespaces: [NAMESPACE], to: hub.identity, asks: true });
    link.receive({ clusterphone2: [7, 1, hello] });
    await turn();
    link.stop();
    link.send = (frame) => {
      link.sent.push(frame);
      return true;
    };
    const before = link.sent.length;
    for (let i = 0; i < messages; i++)
      bus
        .to(peer)
        .emit("ask", i)
        .ackd()
        .catch(() => undefined);
    await turn();
    const frames = link.sent.length - before;
    link.end({});
    return () => frames;
  }

  it("says how many messages a frame has at least, where they are answered", async () => {
    const frames = await stopped({ leastInFrame: 256, mostUnwritten: 64 }, 256);
    expect(frames()).to.equal(1);
  });

  it("says how many frames it is given", async () => {
    const frames = await stopped({ leastInFrame: 1, mostUnwritten: 3 }, 1024);
    expect(frames()).to.equal(3);
  });
});
