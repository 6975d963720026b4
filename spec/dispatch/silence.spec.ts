import sinon from "sinon";
import { turn } from "../support/buses.ts";
import { star } from "../support/star.ts";

describe("a line that nobody serves", () => {
  let clock: sinon.SinonFakeTimers;
  let warn: sinon.SinonStub;

  beforeEach(() => {
    clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    warn = sinon.stub(process, "emitWarning");
  });

  afterEach(() => {
    clock.restore();
    warn.restore();
  });

  it("is warned of after two seconds, once, with how many wait, and for what", async () => {
    const { bus } = star(0);
    const any = bus.any("orders");
    const stop = new AbortController();
    for (let count = 0; count < 2; count++) any.emit("ask", null, { signal: stop.signal });
    clock.tick(1990);
    sinon.assert.notCalled(warn);
    clock.tick(20);
    const text =
      '2 messages wait for any of buses named "orders", as there is nobody in that group';
    const kind = { type: "ClusterphoneWarning", code: "CLUSTERPHONE_SILENCE" };
    sinon.assert.calledOnceWithExactly(warn, text, kind);
    bus.lifecycle.on("undelivered", () => undefined);
    stop.abort();
    await turn();
    any.emit("ask", null, { timeout: 5000 });
    clock.tick(3000);
    sinon.assert.calledOnce(warn);
    clock.tick(3000);
    await turn();
  });

  it("is not warned of where somebody is there, and busy", async () => {
    const { bus, rays } = star(1);
    rays[0]?.bus.on("ask", () => new Promise(() => undefined));
    await bus.to(rays[0]?.peer as never).ready();
    bus.lifecycle.on("undelivered", () => undefined);
    const any = bus.any(() => true, { concurrency: 1 });
    const stop = new AbortController();
    for (let count = 0; count < 2; count++) any.emit("ask", null, { signal: stop.signal });
    clock.tick(5000);
    sinon.assert.notCalled(warn);
    stop.abort();
    await turn();
  });
});
