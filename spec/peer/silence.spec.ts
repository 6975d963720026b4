import { fork } from "node:child_process";
import { expect } from "chai";
import sinon from "sinon";
import { bus } from "../../lib/index.ts";
import { MemoryLink } from "../../lib/links/memory.ts";
import { lonelyBus, nextEvent, rejection } from "../support/buses.ts";
import { fakeNative } from "../support/faked.ts";
import { helloOf } from "../support/frames.ts";

const HELLO = { clusterphone2: [7, 1, helloOf()] };

describe("the silence of a peer", () => {
  let clock: sinon.SinonFakeTimers;
  let giveBack: () => void;
  let warn: sinon.SinonStub;

  beforeEach(() => {
    clock = sinon.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setImmediate", "nextTick", "performance"],
    });
    giveBack = fakeNative();
    warn = sinon.stub(process, "emitWarning");
  });

  afterEach(() => {
    giveBack();
    clock.restore();
    warn.restore();
  });

  function silent() {
    const { hub, bus } = lonelyBus();
    bus.lifecycle.on("undelivered", () => undefined);
    const link = new MemoryLink("memory:silent", "json");
    const peer = hub.attach(link);
    return { link, peer, to: bus.to(peer), app: bus.ns("app").to(peer) };
  }

  it("is warned of after two seconds if something waits, once, with what it waits for", () => {
    const { to, app } = silent();
    to.emit("x");
    for (let index = 0; index < 3; index++) app.emit(`y${index}`);
    clock.tick(1990);
    sinon.assert.notCalled(warn);
    clock.tick(20);
    sinon.assert.calledOnceWithExactly(
      warn,
      '"x" and 3 more wait for memory:silent, whose bus has not said hello for 2 s: ' +
        "did the parent call to(child)? did the other side call on()?",
      { type: "ClusterphoneWarning", code: "CLUSTERPHONE_SILENCE" },
    );
    to.emit("x");
    clock.tick(60_000);
    sinon.assert.calledOnce(warn);
  });

  it("is warned of where ready() waits", async () => {
    const { app, peer } = silent();
    const ready = rejection(app.ready());
    clock.tick(2010);
    sinon.assert.calledOnceWithMatch(warn, /^ready\(\) of "app" waits for memory:silent, /);
    peer.closed({});
    await ready;
  });

  it("is nothing to tell of while nothing waits", () => {
    const { to } = silent();
    clock.tick(10_000);
    void rejection(to.emit("x").within(500).ackd());
    clock.tick(10_000);
    sinon.assert.notCalled(warn);
    to.emit("y");
    clock.tick(2010);
    sinon.assert.calledOnceWithMatch(warn, /^"y" waits for/);
  });

  it("is over with a hello, and with the peer", () => {
    const [spoke, ended] = [silent(), silent()];
    for (const { to } of [spoke, ended]) to.emit("x");
    clock.tick(1000);
    spoke.link.receive(HELLO);
    ended.peer.closed({});
    clock.tick(10_000);
    expect(spoke.peer.state).to.equal("up");
    sinon.assert.notCalled(warn);
  });

  it("is not that of a peer whose hello a blocked loop has not read", () => {
    const { to, link } = silent();
    to.emit("x");
    // The timer comes first, then what has arrived, then immediates.
    clock.setTimeout(() => link.receive(HELLO), 2000);
    clock.tick(2010);
    sinon.assert.notCalled(warn);
  });

  it("is warned of for a child that has no bus", async () => {
    clock.restore();
    warn.restore();
    const child = fork(new URL(import.meta.url), [], {
      execArgv: ["-e", "process.on('message', () => {})"],
    });
    const warned = nextEvent(process as never, "warning");
    const sent = rejection(bus.to(child).emit("x").ackd());
    const [warning] = await warned;
    expect(warning).to.include({ name: "ClusterphoneWarning", code: "CLUSTERPHONE_SILENCE" });
    expect(warning).to.have.property("message").that.includes(`"x" waits for child:${child.pid}`);
    child.kill("SIGKILL");
    expect(await sent).to.have.property("code", "ERR_PEER_DIED");
  });
});
