import { expect } from "chai";
import { bus } from "clusterphone";
import { busPair } from "clusterphone/testing";

interface Shop {
  order(item: string): { item: string; left: number };
}

describe("a pair of buses for tests", () => {
  it("talks both ways, as two processes do", async () => {
    const { a, b, toA, toB } = busPair();
    b.on("order", (item) => ({ item, left: 2 }));
    a.on("sold out", (item) => `no ${String(item)}`);
    expect(await a.to(toB).emit("order", "pear").ackd()).to.deep.equal({ item: "pear", left: 2 });
    expect(await b.to(toA).emit("sold out", "pear").ackd()).to.equal("no pear");
  });

  it("has types, and namespaces, like any bus", async () => {
    const { a, b, toB } = busPair();
    b.ns<Shop>("shop").on("order", (item) => ({ item, left: 0 }));
    const { left } = await a.ns<Shop>("shop").to(toB).emit("order", "fig").ackd();
    expect(left).to.equal(0);
  });

  it("changes what crosses as the channel does that it stands for", async () => {
    const date = new Date(0);
    for (const [serialization, arrives] of [
      ["json", date.toJSON()],
      ["clone", date],
    ] as const) {
      const { a, b, toB } = busPair({ serialization });
      b.on("echo", (data) => data);
      expect(await a.to(toB).emit("echo", date).ackd(), serialization).to.deep.equal(arrives);
    }
  });

  it("settles what is pending when it is cut, as a death does", async () => {
    const { a, b, toB, cut } = busPair();
    b.on("hang", () => {
      cut({ signal: "SIGKILL" });
      return new Promise(() => undefined);
    });
    const error = await a
      .to(toB)
      .emit("hang")
      .ackd()
      .catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: "ERR_PEER_DIED", signal: "SIGKILL", executed: "maybe" });
  });

  it("holds what is sent while an end is stopped", async () => {
    const { a, b, toB, left } = busPair();
    b.on("echo", (data) => data);
    await a.to(toB).emit("echo").ackd();
    left.stop();
    const late = a.to(toB).emit("echo", "late").within(Infinity).ackd();
    await a.to(toB).emit("echo").within(20).ackd().catch(String);
    left.resume();
    expect(await late).to.equal("late");
  });

  it("checks its options", () => {
    expect(() => busPair({ serialisation: "json" } as never)).to.throw(TypeError, "serialization");
    for (const serialization of ["advanced", 1, null]) {
      expect(() => busPair({ serialization } as never)).to.throw(TypeError, '"json" or "clone"');
    }
  });

  it("shares nothing with the bus of the process, or with other pairs", () => {
    const others = bus.peers.length;
    const [one, other] = [busPair(), busPair()];
    one.a.on("x", () => 1);
    one.a.ackTimeout = 7;
    expect([bus.peers.length - others, bus.ackTimeout, other.a.ackTimeout]).to.deep.equal([
      0, 10_000, 10_000,
    ]);
    expect(() => one.a.to(other.toB as never)).to.throw(TypeError);
  });
});
