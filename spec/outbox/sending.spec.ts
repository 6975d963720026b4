import { getEventListeners } from "node:events";
import { expect } from "chai";
import type { BusError } from "../../lib/errors/bus-error.ts";
import { type BusPair, busPair, rejection, turn } from "../support/buses.ts";

/** More often than anybody has a reason to try. */
const MANY = 100;

/** Programs wrap the `send` of their channels, and mocks stand for it. */
describe("a send that is not Node's", () => {
  let pair: BusPair;
  let undelivered: BusError[];

  beforeEach(async () => {
    pair = busPair();
    pair.b.on("echo", (data) => data);
    undelivered = [];
    for (const { lifecycle } of [pair.a, pair.b]) {
      lifecycle.on("undelivered", (error) => undelivered.push(error));
    }
    await pair.a.to(pair.toB).emit("echo").ackd();
  });

  it("may call back at once: what was sent settles, and lets go of its signal", async () => {
    const { left } = pair;
    const send = left.send.bind(left);
    left.send = (frame, handle, done) => {
      done();
      return send(frame, handle, () => undefined);
    };
    const { signal } = new AbortController();
    const peer = pair.a.to(pair.toB);
    peer.emit("echo", 1, { signal });
    expect(await peer.emit("echo", 2, { signal }).ackd()).to.equal(2);
    await pair.a.flushed();
    expect(getEventListeners(signal, "abort")).to.deep.equal([]);
    expect(pair.toB.outbox.size).to.equal(0);
  });

  it("may fail at once: what was in the frame was not written, and waits", async () => {
    const { left } = pair;
    left.send = ((_frame: object, _handle: undefined, done: (failure: string) => void) => {
      done("channel");
      return true;
    }) as typeof left.send;
    const receipt = rejection(pair.a.to(pair.toB).emit("echo", 1).ackd());
    await turn();
    pair.cut();
    expect(await receipt).to.include({ code: "ERR_PEER_DIED", executed: "no" });
  });

  it("may end the link: what was in the frame has settled, and waits for nothing", async () => {
    pair.left.send = () => {
      pair.toB.closed({ reason: "cannot go on" });
      return true;
    };
    const peer = pair.a.to(pair.toB);
    peer.emit("echo", 1);
    const error = await rejection(peer.emit("echo", 2).ackd());
    expect(error).to.include({ code: "ERR_PEER_DIED" });
    await turn();
    expect(pair.toB.inFlight).to.equal(0);
  });

  it("may throw: an answer is tried twice, then told of here", async () => {
    const { right } = pair;
    let count = 0;
    right.send = () => {
      if (++count < MANY) throw new Error("no such message");
      return true;
    };
    const late = rejection(pair.a.to(pair.toB).emit("echo").within(200).ackd());
    while (undelivered.length === 0) await turn();
    expect(undelivered[0]).to.include({ code: "ERR_NOT_SERIALIZABLE", executed: "yes" });
    expect(await late).to.include({ code: "ERR_ACK_TIMEOUT", executed: "maybe" });
    expect(count).to.be.below(5);
  });

  it("may throw for a note between the buses: both go on", async () => {
    const { left } = pair;
    const send = left.send.bind(left);
    let isClosing = false;
    left.send = (frame, handle, done) => {
      if (isClosing && JSON.stringify(frame).includes("[7,0,2]")) throw new Error("no farewell");
      return send(frame, handle, done);
    };
    isClosing = true;
    await pair.a.close();
    expect(pair.toB.state).to.equal("down");
  });
});

describe("an answer with a header that is no text", () => {
  it("is a failure that says so, once", async () => {
    const pair = busPair();
    let count = 0;
    pair.b.use(async (message, next) => {
      if (message.kind === "ack") {
        Object.defineProperty(message.headers, "bad", {
          enumerable: true,
          get: () => (++count < MANY ? Object.create(null) : "a text"),
        });
      }
      await next();
    });
    pair.b.on("echo", (data) => data);
    const error = await rejection(pair.a.to(pair.toB).emit("echo").ackd());
    expect(error).to.include({ code: "ERR_NOT_SERIALIZABLE", executed: "yes" });
    expect(count).to.equal(1);
  });
});
