import { expect } from "chai";
import { bus } from "../../lib/index.ts";
import { type BusPair, busPair, lonelyBus, nextEvent, rejection, turn } from "../support/buses.ts";
import { endAll, ended, start } from "../support/processes.ts";

describe("to(...).ready()", () => {
  let pair: BusPair;

  beforeEach(() => {
    pair = busPair();
  });

  afterEach(endAll);

  const ready = (namespace = "app") => pair.a.ns(namespace).to(pair.toB).ready();
  /** What is kept for who waits. */
  const isKept = () => pair.toB.route("app").opening.isAwaited;

  it("resolves when the namespace opens over there, for everybody who waits", async () => {
    const settled: string[] = [];
    const both = [ready().then(() => settled.push("one")), ready().then(() => settled.push("two"))];
    pair.b.ns("other").on("x", () => 1);
    await ready("other");
    await turn();
    expect(settled).to.deep.equal([]);
    expect(isKept()).to.equal(true);
    pair.b.ns("app").on("x", () => 1);
    await Promise.all(both);
    expect(settled).to.deep.equal(["one", "two"]);
    expect(pair.toB.isReady("app")).to.equal(true);
    expect(isKept()).to.equal(false);
  });

  it("resolves at once where it is open, and stays so after off()", async () => {
    pair.b.ns("app").on("x", () => 1);
    await ready();
    pair.b.ns("app").off("x");
    expect(await Promise.race([ready().then(() => "ready"), turn()])).to.equal("ready");
  });

  it("rejects with the end of the peer", async () => {
    const waits = rejection(ready());
    pair.cut({ exitCode: 3 });
    const error = {
      ...{ name: "BusError", code: "ERR_PEER_DIED", executed: "no", exitCode: 3 },
      ...{ namespace: "app", peer: "memory:left" },
    };
    expect(await waits).to.include(error);
    expect(await rejection(ready())).to.include(error);
    expect(isKept()).to.equal(false);
  });

  it("rejects where there is no parent", async () => {
    const error = await rejection(lonelyBus().bus.to("parent").ready());
    expect(error).to.include({ code: "ERR_NO_PEER", peer: "parent", namespace: "_" });
  });

  it("rejects when the other side closes its bus, or the namespace", async () => {
    pair.b.on("x", () => 1);
    await pair.a.to(pair.toB).emit("x").ackd();
    const [one, other] = [rejection(ready()), rejection(ready("other"))];
    void pair.b.ns("app").close();
    expect(await one).to.include({ code: "ERR_CLOSED", executed: "no", namespace: "app" });
    void pair.b.close();
    expect(await other).to.include({ code: "ERR_CLOSED", namespace: "other" });
    expect(await rejection(ready("other"))).to.have.property("code", "ERR_CLOSED");
    expect(isKept()).to.equal(false);
  });

  it("rejects when this side closes its bus, or the namespace, and holds neither up", async () => {
    const [one, other] = [rejection(ready()), rejection(ready("other"))];
    await pair.a.ns("app").close();
    expect(await one).to.include({ code: "ERR_CLOSED", namespace: "app" });
    await pair.a.close();
    expect(await other).to.include({ code: "ERR_CLOSED", namespace: "other" });
    expect(await rejection(ready())).to.have.property("code", "ERR_CLOSED");
    expect(isKept()).to.equal(false);
  });

  it("resolves to the parent of a child, and rejects when a child ends first", async () => {
    const child = start("whereabouts");
    await bus.to(child).ready();
    expect(bus.to(child).peer.isReady("_")).to.equal(true);
    const never = rejection(bus.ns("never").to(child).ready());
    child.kill("SIGKILL");
    expect(await never).to.include({ code: "ERR_PEER_DIED", signal: "SIGKILL" });
  });

  it("keeps a child alive until its parent is ready, and no longer", async () => {
    const child = start("waits-for-parent", [], { silent: true });
    const end = ended(child);
    bus.to(child);
    await nextEvent(child.stdout as NonNullable<typeof child.stdout>, "data");
    expect(child.exitCode).to.equal(null);
    bus.ns("late").on("x", () => 1);
    expect(await end).to.deep.equal({ code: 0, signal: null, output: "waiting\nready\n" });
  });
});
