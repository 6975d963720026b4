import { once } from "node:events";
import { expect } from "chai";
import { bus } from "../../lib/index.ts";
import { type BusPair, busPair, rejection, turn } from "../support/buses.ts";
import { endAll, start } from "../support/processes.ts";

describe("a peer that takes its time to start", () => {
  let pair: BusPair;
  let arrived: unknown[];
  let lost: unknown[];
  const target = () => pair.a.ns("late").to(pair.toB);
  const open = async () => {
    pair.b.ns("late").on("setting", (data) => arrived.push(data));
    await target().emit("setting", "last").within(Infinity).ackd();
  };

  beforeEach(() => {
    pair = busPair();
    pair.a.ackTimeout = 20;
    arrived = [];
    lost = [];
    pair.a.lifecycle.on("undelivered", ({ code }, { data }) => lost.push([code, data]));
  });

  it("gets what nobody awaits and what was given no time; the rest expires", async () => {
    target().emit("setting", "waits");
    target().emit("setting", "has a time", { timeout: 5 });
    target().emit("setting", "has a time, later").within(12);
    target().emit("setting", "waits for ever").within(Infinity);
    // In the order in which they were emitted: when it has expired, all had the time to.
    const awaited = await rejection(target().emit("setting", "awaited").ackd());
    expect(awaited).to.include({ code: "ERR_ACK_TIMEOUT", executed: "no" });
    expect(lost).to.deep.equal([
      ["ERR_ACK_TIMEOUT", "has a time"],
      ["ERR_ACK_TIMEOUT", "has a time, later"],
    ]);
    await open();
    expect(arrived).to.deep.equal(["waits", "waits for ever", "last"]);
  });

  it("the same where messages wait for a layer", async () => {
    let release = (): void => undefined;
    pair.a.use((message, next) => {
      if (message.direction === "inbound" || message.data !== "first") return next();
      return new Promise<void>((resolve) => (release = resolve)).then(next);
    });
    target().emit("setting", "first");
    target().emit("setting", "waits");
    target().emit("setting", "has a time").within(5);
    expect(await rejection(target().emit("setting", "awaited").ackd())).to.include({
      code: "ERR_ACK_TIMEOUT",
    });
    expect(lost).to.deep.equal([["ERR_ACK_TIMEOUT", "has a time"]]);
    release();
    await open();
    expect(arrived).to.deep.equal(["first", "waits", "last"]);
  });

  it("keeps a process alive that has something to tell it", async () => {
    const child = start("says-once");
    bus.to(child);
    let hasEnded = false;
    child.once("exit", () => {
      hasEnded = true;
    });
    await once(child, "message");
    // It has as long to end as another takes to start and end.
    await once(start("empty"), "exit");
    await turn();
    expect(hasEnded).to.equal(false);
    const said = new Promise((resolve) => {
      bus.ns("says once").once("said", (data) => resolve(data));
    });
    expect(await said).to.equal("once");
    expect(await once(child, "exit")).to.deep.equal([0, null]);
    await endAll();
  });
});
