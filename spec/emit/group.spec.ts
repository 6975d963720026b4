import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";
import { expect } from "chai";
import type { BusError } from "../../lib/errors/bus-error.ts";
import { rejection, turn } from "../support/buses.ts";
import { type Ray, star } from "../support/star.ts";

/** What `emit` throws at the call. */
function thrown(call: () => unknown): Error & { code?: string } {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was expected to throw");
}

describe("all of a group", () => {
  it("gives one outcome each, in the order of members", async () => {
    const { bus, rays } = star(3);
    for (const [index, ray] of rays.entries()) ray.bus.on("ask", (data) => `${data} ${index}`);
    const outcomes = await bus
      .all(rays.map(({ peer }) => peer))
      .emit("ask", "who")
      .ackd();
    expect(outcomes).to.deep.equal(
      rays.map(({ peer }, index) => ({ peer, status: "fulfilled", value: `who ${index}` })),
    );
  });

  it("tells of each failure in its own outcome", async () => {
    const { bus, rays } = star(4);
    rays[0]?.bus.on("ask", () => 1);
    rays[1]?.bus.on("ask", () => Promise.reject(new Error("not me")));
    rays[2]?.bus.on("other", () => 1);
    const outcomes = await bus
      .all(() => true)
      .emit("ask")
      .within(50)
      .ackd();
    expect(
      outcomes.map(({ status, reason }) => [status, reason?.code, reason?.executed]),
    ).to.deep.equal([
      ["fulfilled", undefined, undefined],
      ["rejected", "ERR_REMOTE", "yes"],
      ["rejected", "ERR_UNHANDLED", "no"],
      ["rejected", "ERR_ACK_TIMEOUT", "no"],
    ]);
    expect(outcomes[3]?.reason?.message).to.include('namespace "_" is not open');
  });

  it("gathers nothing of an empty group, at once", async () => {
    const { bus } = star(0);
    expect(await bus.all("workers").emit("ask").ackd()).to.deep.equal([]);
    const seen: unknown[] = [];
    for await (const outcome of bus.all("nobody").emit("ask")) seen.push(outcome);
    expect(seen).to.deep.equal([]);
  });

  it("asks those of the moment: who joins later is not asked, who is starting is", async () => {
    const { bus, rays, add } = star(1);
    rays[0]?.bus.on("ask", () => "first");
    const group = bus.all(() => true);
    const gathered = group.emit("ask").ackd();
    const late = add();
    late.bus.on("ask", () => "late");
    expect((await gathered).map(({ value }) => value)).to.deep.equal(["first"]);
    expect((await group.emit("ask").ackd()).map(({ value }) => value)).to.deep.equal([
      "first",
      "late",
    ]);
  });

  it("costs a member that dies its own outcome only", async () => {
    const { bus, rays } = star(3);
    for (const ray of rays)
      ray.bus.on("ask", () => new Promise((resolve) => setTimeout(resolve, 20, 1)));
    for (const ray of rays) await bus.to(ray.peer).ready();
    const gathered = bus
      .all(() => true)
      .emit("ask")
      .ackd();
    await turn();
    rays[1]?.cut({ signal: "SIGKILL" });
    expect((await gathered).map(({ reason }) => reason?.code)).to.deep.equal([
      undefined,
      "ERR_PEER_DIED",
      undefined,
    ]);
    expect(bus.all(() => true).peers).to.deep.equal([rays[0]?.peer, rays[2]?.peer]);
  });

  it("leaves out who closes, and who does not listen is asked all the same", async () => {
    const { bus, rays } = star(2);
    for (const ray of rays) ray.bus.on("ask", () => 1);
    for (const ray of rays) await bus.to(ray.peer).ready();
    await rays[0]?.bus.close();
    expect(bus.all(() => true).peers).to.deep.equal([rays[1]?.peer]);
  });

  it("finds buses by the name they have said", async () => {
    const { bus, rays } = star(["orders", "web", "orders"]);
    for (const ray of rays) ray.bus.on("ask", () => ray.bus.name);
    for (const ray of rays) await bus.to(ray.peer).ready();
    const outcomes = await bus.all("orders").emit("ask").ackd();
    expect(outcomes.map(({ peer, value }) => [peer.name, value])).to.deep.equal([
      ["orders", "orders"],
      ["orders", "orders"],
    ]);
    expect(bus.all((peer) => peer.name === "web").peers).to.deep.equal([rays[1]?.peer]);
  });

  it("reads the data once for all, also for those that are starting", async () => {
    const { bus, rays } = star(3);
    let reads = 0;
    const data = {
      get value() {
        return ++reads;
      },
    };
    const group = bus.all(() => true);
    const gathered = group.emit("ask", data).ackd();
    for (const ray of rays) ray.bus.on("ask", (asked) => (asked as { value: number }).value);
    expect((await gathered).map(({ value }) => value)).to.deep.equal([1, 1, 1]);
    const again = await group.emit("ask", data).ackd();
    expect(again.map(({ value }) => value)).to.deep.equal([2, 2, 2]);
  });

  it("yields outcomes in the order of arrival, each once", async () => {
    const { bus, rays } = star(3);
    const answers = new Map<number, (value: unknown) => void>();
    for (const [index, ray] of rays.entries()) {
      ray.bus.on("ask", () => new Promise((resolve) => answers.set(index, resolve)));
    }
    const order = [2, 0, 1];
    const seen: unknown[] = [];
    for await (const { peer, value } of answered()) seen.push([peer, value]);
    expect(seen).to.deep.equal(order.map((index) => [rays[index]?.peer, index]));

    function answered() {
      const gathering = bus.all(() => true).emit("ask");
      void (async () => {
        while (answers.size < 3) await turn();
        for (const index of order) {
          answers.get(index)?.(index);
          await turn();
        }
      })();
      return gathering;
    }
  });

  it("cancels what is open when the loop is left, and the listeners are told", async () => {
    const { bus, rays } = star(3);
    const aborted: number[] = [];
    rays[0]?.bus.on("ask", () => "yes");
    for (const index of [1, 2]) {
      rays[index]?.bus.on("ask", (_data, { signal }) => {
        return new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            aborted.push(index);
            resolve("too late");
          });
        });
      });
    }
    for (const ray of rays) await bus.to(ray.peer).ready();
    const gathering = bus.all(() => true).emit("ask");
    const all = gathering.ackd();
    for await (const { value } of gathering) {
      expect(value).to.equal("yes");
      break;
    }
    expect((await all).map(({ reason }) => reason?.code)).to.deep.equal([
      undefined,
      "ERR_CANCELLED",
      "ERR_CANCELLED",
    ]);
    while (aborted.length < 2) await turn();
  });

  it("is asked in the stretch of its emit, also where that went to nobody", async () => {
    const { bus } = star(2);
    for (const group of [() => true, () => false]) {
      const gathering = bus.all(group).emit("ask");
      await turn();
      for (const call of [
        () => gathering.ackd(),
        () => gathering.within(5),
        () => gathering[Symbol.asyncIterator](),
      ]) {
        expect(thrown(call)).to.be.instanceOf(TypeError);
        expect(thrown(call).message).to.include("the same synchronous stretch as emit()");
      }
    }
  });

  it("takes a Node-style callback", async () => {
    const { bus, rays } = star(1);
    rays[0]?.bus.on("ask", () => 1);
    const told = await new Promise((resolve) => {
      void bus
        .all(() => true)
        .emit("ask")
        .ackd((error, outcomes) => resolve([error, outcomes.length]));
    });
    expect(told).to.deep.equal([null, 1]);
  });

  it("reports the failures that nobody asked for, one a member", async () => {
    const { bus, rays } = star(2);
    for (const ray of rays) ray.bus.on("other", () => 1);
    for (const ray of rays) await bus.to(ray.peer).ready();
    const reported: string[] = [];
    for (const ray of rays) {
      ray.bus.lifecycle.on("undelivered", ({ code }: BusError) => reported.push(code));
    }
    bus.all(() => true).emit("ask");
    while (reported.length < 2) await turn();
    expect(reported).to.deep.equal(["ERR_UNHANDLED", "ERR_UNHANDLED"]);
  });

  it("crosses the chain once for each, so that a layer may change what one of them gets", async () => {
    const { bus, rays } = star(2);
    bus.use((message, next) => {
      if (message.direction === "outbound" && message.kind === "event") {
        message.data = { ...(message.data as object), to: message.peer.id };
      }
      return next();
    });
    for (const ray of rays) ray.bus.on("ask", (data) => data);
    const outcomes = await bus
      .all(() => true)
      .emit("ask", { all: 1 })
      .ackd();
    expect(outcomes.map(({ value }) => value)).to.deep.equal([
      { all: 1, to: "ray:1" },
      { all: 1, to: "ray:2" },
    ]);
  });

  it("refuses a connection at the call, and gives it back; a server's refusal is an outcome", async () => {
    const { bus } = star(2);
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
    await once(socket, "connect");
    const group = bus.all(() => true);
    const error = thrown(() => group.emit("take", null, { handle: socket }));
    expect(error.code).to.equal("ERR_HANDLE_UNSUPPORTED");
    expect(error.message).to.include("a connection has one owner");
    expect(socket.destroyed).to.equal(false);
    socket.destroy();
    const datagrams = dgram.createSocket("udp4").bind(0, "127.0.0.1");
    await once(datagrams, "listening");
    for (const handle of [server, datagrams]) {
      const outcomes = await group.emit("take", null, { handle, queueHandle: true }).ackd();
      expect(outcomes.map(({ reason }) => reason?.code)).to.deep.equal([
        "ERR_HANDLE_UNSUPPORTED",
        "ERR_HANDLE_UNSUPPORTED",
      ]);
    }
    server.close();
    datagrams.close();
  });

  it("refuses what is no group, and words that mean others", () => {
    const { bus } = star(0);
    for (const group of [undefined, 5, null, {}, ["nobody"], "two words"]) {
      expect(
        thrown(() => bus.all(group as never)),
        String(group),
      ).to.be.instanceOf(TypeError);
    }
    expect(thrown(() => bus.all("parent")).message).to.include('use to("parent")');
    expect(thrown(() => bus.all("siblings")).message).to.include("not there yet");
    for (const name of ["workers", "parent", "", "a b", "ü", "x".repeat(65)]) {
      expect(
        thrown(() => Object.assign(bus, { name })),
        name,
      ).to.be.instanceOf(TypeError);
    }
  });

  it("keeps its name once a peer was told so", () => {
    const { rays } = star(["orders"]);
    const text = thrown(() => Object.assign(rays[0]?.bus ?? {}, { name: "other" })).message;
    expect(text).to.include("set bus.name before on() and to()");
  });

  it("reads once what cannot be read, and each member is told so", async () => {
    const { bus, rays, add } = star(2);
    for (const ray of rays) ray.bus.on("ask", () => 1);
    for (const ray of rays) await bus.to(ray.peer).ready();
    add();
    let reads = 0;
    const data = {
      get value(): unknown {
        reads++;
        throw new Error("not today");
      },
    };
    const outcomes = await bus
      .all(() => true)
      .emit("ask", data)
      .ackd();
    for (const { reason } of outcomes) {
      expect(reason).to.include({ code: "ERR_NOT_SERIALIZABLE", executed: "no" });
      expect(reason?.message).to.include("not today");
    }
    expect([outcomes.length, reads]).to.deep.equal([3, 1]);
  });

  it("reads once what is large, for those that listen and for those that are starting", async () => {
    const { bus, rays, add } = star(2);
    const listen = (ray: Ray) =>
      ray.bus.on("ask", (data) => (data as { text: string }).text.length);
    for (const ray of rays) listen(ray);
    for (const ray of rays) await bus.to(ray.peer).ready();
    let reads = 0;
    const data = {
      get text(): string {
        reads++;
        return "x".repeat(20_000);
      },
    };
    const group = bus.all(() => true);
    const lengths = async () => (await group.emit("ask", data).ackd()).map(({ value }) => value);
    expect(await lengths()).to.deep.equal([20_000, 20_000]);
    expect(reads).to.equal(1);
    const late = add();
    const gathered = lengths();
    listen(late);
    expect(await gathered).to.deep.equal([20_000, 20_000, 20_000]);
    expect(reads).to.equal(2);
  });

  it("lets an iterator be asked ahead, and be left while it waits", async () => {
    const { bus, rays } = star(2);
    rays[0]?.bus.on("ask", () => "one");
    rays[1]?.bus.on("ask", () => "two");
    for (const ray of rays) await bus.to(ray.peer).ready();
    const group = bus.all(() => true);
    const outcomes = group.emit("ask")[Symbol.asyncIterator]();
    const ahead = await Promise.all([1, 2, 3].map(() => outcomes.next()));
    expect(ahead.map(({ done, value }) => [done, value?.value])).to.deep.equal([
      [false, "one"],
      [false, "two"],
      [true, undefined],
    ]);
    expect(await outcomes.next()).to.deep.equal({ done: true, value: undefined });

    const gathering = group.emit("ask");
    const left = gathering[Symbol.asyncIterator]();
    const all = gathering.ackd();
    const waiting = left.next();
    expect(await left.return?.()).to.deep.equal({ done: true, value: undefined });
    expect(await waiting).to.deep.equal({ done: true, value: undefined });
    expect((await all).map(({ reason }) => reason?.code)).to.deep.equal([
      "ERR_CANCELLED",
      "ERR_CANCELLED",
    ]);
  });

  it("can be iterated once, also after ackd(), and its time is set before either", async () => {
    const { bus, rays } = star(1);
    rays[0]?.bus.on("ask", () => 1);
    const gathering = bus.all(() => true).emit("ask");
    const all = gathering.acknowledged();
    expect(gathering.ackd()).to.equal(all);
    const outcomes = gathering[Symbol.asyncIterator]();
    expect(thrown(() => gathering.within(5)).message).to.include("must be called before ackd()");
    expect(thrown(() => gathering[Symbol.asyncIterator]()).message).to.include("iterated once");
    expect((await outcomes.next()).value?.value).to.equal(1);
    expect(await all).to.have.length(1);
  });

  it("shows who emitted, where stacks are on", async () => {
    const { bus } = star(1);
    bus.stacks = true;
    const everybody = bus
      .all(() => true)
      .emit("ask")
      .within(10);
    const anyone = bus.any("nobody").emit("ask").within(10);
    const [[outcome], alone] = await Promise.all([everybody.ackd(), rejection(anyone.ackd())]);
    for (const error of [outcome?.reason, alone]) {
      expect(error?.stack).to.match(/^BusError \[ERR_ACK_TIMEOUT\][\s\S]*group\.spec/);
    }
  });
});
