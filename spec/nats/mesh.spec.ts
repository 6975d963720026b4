import { EventEmitter, once } from "node:events";
import { inspect } from "node:util";
import type { NatsConnection, Status } from "@nats-io/nats-core";
import type { QueuedIteratorImpl } from "@nats-io/nats-core/internal";
import { connect } from "@nats-io/transport-node";
import { expect } from "chai";
import type { Bus } from "../../lib/bus/bus.ts";
import type { PeerTarget } from "../../lib/bus/targets.ts";
import { type JoinOptions, join, type Member, type Mesh } from "../../lib/nats/index.ts";
import { lonelyBus, nextEvent, rejection, turn } from "../support/buses.ts";
import { NatsServer, needsServer } from "../support/nats.ts";

interface Joined {
  readonly bus: Bus;
  readonly mesh: Mesh;
  readonly connection: NatsConnection;
}

describe("buses that have joined over NATS", () => {
  const server = new NatsServer();
  const all: Joined[] = [];

  before(async function () {
    needsServer(this);
    await server.start();
  });

  after(() => server.remove());

  afterEach(async () => {
    for (const { bus } of all) await bus.close({ timeout: 2000 });
    for (const { connection } of all.splice(0)) await connection.close();
  });

  const dial = () =>
    connect({
      servers: server.url,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
      timeout: 1000,
    });

  async function member(name: string, options: Partial<JoinOptions> = {}): Promise<Joined> {
    const { bus } = lonelyBus();
    const connection = await dial();
    const mesh = await join(bus, { name, connection, ...options });
    const joined = { bus, mesh, connection };
    all.push(joined);
    return joined;
  }

  /** Resolves to the member of that instance, once it is there. */
  async function found({ mesh }: Joined, instance: string): Promise<Member> {
    for (;;) {
      const known = mesh.members.find((each) => each.instance === instance);
      if (known) return known;
      await nextEvent(mesh, "join");
    }
  }

  it("are peers, by name and instance, and answer", async () => {
    const orders = await member("orders", { instance: "eu-1" });
    orders.bus.on("place", (data, message) => [data, message.peer.name, message.peer.instance]);
    const web = await member("web", { instance: "w" });
    await found(web, "eu-1");
    const to = web.bus.to({ name: "orders", instance: "eu-1" });
    expect(await to.emit("place", { tea: 1 }).ackd()).to.deep.equal([{ tea: 1 }, "web", "w"]);
    expect(to.peer).to.include({ kind: "remote", id: "orders/eu-1", name: "orders" });
    expect(to.peer).to.include({ instance: "eu-1", pid: process.pid, state: "up" });
    expect(web.bus.peers).to.deep.equal([to.peer]);
  });

  it("are a group by their name, also where they come later", async () => {
    const web = await member("web");
    const waiting = web.bus.any("orders").emit("who").ackd();
    const names = ["a", "b", "c"];
    for (const instance of names) {
      const { bus } = await member("orders", { instance });
      bus.on("who", () => instance);
    }
    expect(names).to.include(await waiting);
    for (const instance of names) {
      const { peer } = await found(web, instance);
      await web.bus.to(peer).ready();
    }
    const outcomes = await web.bus.all("orders").emit("who").ackd();
    expect(outcomes.map((each) => each.status === "fulfilled" && each.value)).to.have.members(
      names,
    );
  });

  it("refuse handles at the call", async () => {
    await member("orders", { instance: "eu-1" });
    const web = await member("web");
    const { peer } = await found(web, "eu-1");
    const { createServer } = await import("node:net");
    const handle = createServer();
    await new Promise<void>((resolve) => handle.listen(0, "127.0.0.1", resolve));
    try {
      const emit = () => web.bus.to(peer).emit("take", undefined, { handle, queueHandle: true });
      expect(emit).to.throw().with.property("code", "ERR_HANDLE_UNSUPPORTED");
    } finally {
      handle.close();
    }
  });

  it("say goodbye: who closes leaves the directory first, and is no member within a round trip", async () => {
    const orders = await member("orders", { instance: "eu-1" });
    const slow = new EventEmitter();
    orders.bus.on("slow", async () => {
      slow.emit("begins");
      await once(slow, "ends");
      return "done";
    });
    const web = await member("web");
    const { peer } = await found(web, "eu-1");
    const begins = once(slow, "begins");
    const reply = web.bus.to(peer).emit("slow").ackd();
    await begins;
    const left = nextEvent(web.mesh, "leave");
    const closed = orders.bus.close();
    expect(await left).to.have.nested.property("[1]", "said goodbye");
    expect(web.mesh.members).to.deep.equal([]);
    const refused = await rejection(web.bus.to(peer).emit("slow").ackd());
    expect(refused).to.include({ code: "ERR_CLOSED", executed: "no" });
    slow.emit("ends");
    expect(await reply).to.equal("done");
    await closed;
    while (peer.state !== "down") await turn();
  });

  it("leave a mesh, and the bus stays open", async () => {
    const orders = await member("orders", { instance: "eu-1" });
    orders.bus.on("place", (data) => data);
    const web = await member("web");
    const { peer } = await found(web, "eu-1");
    expect(await web.bus.to(peer).emit("place", 1).ackd()).to.equal(1);
    const down = nextEvent(web.bus.lifecycle, "down");
    await orders.mesh.leave();
    await down;
    const error = await rejection(web.bus.to(peer).emit("place", 2).ackd());
    expect(error).to.include({ code: "ERR_PEER_DIED", executed: "no" });
    expect(error.message).to.include("orders/eu-1 said goodbye");
    expect(orders.bus.peers).to.deep.equal([]);
    expect(orders.connection.isClosed()).to.equal(false);
    await orders.connection.flush();
  });

  it("leave as soon as they have joined, and keep no peer that is heard meanwhile", async () => {
    await member("web");
    for (let round = 0; round < 5; round++) {
      const { bus, mesh } = await member("orders");
      await mesh.leave();
      expect(bus.peers).to.deep.equal([]);
    }
  });

  it("keep no peer that was heard where they may not join", async () => {
    const web = await member("web");
    const connection = await dial();
    const flush = connection.flush.bind(connection);
    const { bus } = lonelyBus();
    connection.flush = async () => {
      connection.flush = flush;
      const heard = nextEvent(bus.lifecycle, "up");
      await web.mesh.leave();
      await join(web.bus, { name: "web", connection: web.connection });
      await heard;
      throw new Error("the server does not let this process listen");
    };
    await rejection(join(bus, { name: "orders", connection }));
    expect(bus.peers).to.deep.equal([]);
    await connection.close();
  });

  it("are found in each mesh that a bus is in", async () => {
    const web = await member("web", { prefix: "east" });
    await join(web.bus, { name: "web", connection: web.connection, prefix: "west" });
    const orders = await member("orders", { instance: "1", prefix: "west" });
    orders.bus.on("place", (data) => data);
    const waiting = web.bus.any("orders").emit("place", 1).ackd();
    expect(await waiting).to.equal(1);
    const to = web.bus.to({ name: "orders", instance: "1" });
    expect(await to.emit("place", 2).ackd()).to.equal(2);
  });

  it("are shown by where they are", async () => {
    await member("orders", { instance: "eu-1" });
    const shown = inspect(await found(await member("web"), "eu-1"));
    expect(shown).to.match(/name: 'orders', instance: 'eu-1', host: '.+', pid: \d+/);
  });

  it("leave a connection that tells them nothing any more, and keeps nothing of them", async () => {
    const connection = await dial();
    const status = connection.status.bind(connection);
    let told: ReturnType<typeof status> | undefined;
    connection.status = () => (told = status());
    const mesh = await join(lonelyBus().bus, { name: "orders", connection });
    await mesh.leave();
    await (told as QueuedIteratorImpl<Status> | undefined)?.iterClosed;
    expect(connection.isClosed()).to.equal(false);
    await connection.close();
  });

  it("who is not known is down from the start, and says so", async () => {
    const { bus } = await member("web");
    const error = await rejection(bus.to({ name: "orders", instance: "x" }).emit("place").ackd());
    expect(error).to.include({ code: "ERR_PEER_DIED", executed: "no" });
    expect(error.message).to.include("orders/x is no member of the mesh");
  });

  it("tell of two that call themselves the same: the latest is meant, neither is ended", async () => {
    const web = await member("web");
    const conflict = nextEvent(web.mesh, "conflict");
    for (const which of ["first", "second"]) {
      const { bus } = await member("orders", { instance: "eu-1" });
      bus.on("which", () => which);
      await found(web, "eu-1");
    }
    const [latest, earlier] = (await conflict) as Member[];
    const which = (target: PeerTarget = "parent") => web.bus.to(target).emit("which").ackd();
    expect(await which({ name: "orders", instance: "eu-1" })).to.equal("second");
    expect(await which(latest?.peer)).to.equal("second");
    expect(await which(earlier?.peer)).to.equal("first");
  });

  it("carry what each serialization does, v8 only where both have chosen it", async () => {
    const advanced = { serialization: "advanced" } as const;
    const data = new Map([[1, new Uint8Array([1, 2])]]);
    const one = await member("one", { instance: "1", ...advanced });
    one.bus.on("echo", (value) => value);
    const two = await member("two", { instance: "2", ...advanced });
    const three = await member("three", { instance: "3" });
    const echo = async (from: Joined) =>
      from.bus
        .to((await found(from, "1")).peer)
        .emit("echo", data)
        .ackd();
    expect(await echo(two)).to.deep.equal(data);
    expect(await echo(three)).to.deep.equal({});
  });

  it("a message larger than the server takes passes in parts", async () => {
    const orders = await member("orders", { instance: "eu-1" });
    orders.bus.on("length", (text: string) => text.length);
    const web = await member("web");
    const { peer } = await found(web, "eu-1");
    const lengths = [7_000_000, 10];
    const replies = lengths.map((length) =>
      web.bus.to(peer).emit("length", "é".repeat(length)).within(60_000).ackd(),
    );
    expect(await Promise.all(replies)).to.deep.equal(lengths);
  });

  it("check their options", async () => {
    const { bus } = lonelyBus();
    const connection = await dial();
    const wrong = async (options: object) =>
      expect(await rejection(join(bus, options as never))).to.be.instanceOf(TypeError);
    try {
      await wrong({});
      await wrong({ name: "a b", connection });
      await wrong({ name: "workers", connection });
      await wrong({ name: "web" });
      await wrong({ name: "web", connection, servers: "x" });
      await wrong({ name: "web", connection, instance: "a.b" });
      await wrong({ name: "web", connection, prefix: "a.>" });
      await wrong({ name: "web", connection, serialization: "clone" });
      await wrong({ name: "web", connection, silence: 0 });
      await wrong({ name: "web", connection, absence: Infinity });
      await wrong({ name: "web", connection, silent: 1 });
      await wrong({ name: "web", connection: {} });
      await wrong({ name: "web", connection: null });
      await wrong({ name: "web", servers: [] });
      await wrong({ name: "web", servers: 4222 });
    } finally {
      await connection.close();
    }
  });

  it("have joined, once, also where the connection breaks while they are announced", async () => {
    const web = await member("web");
    const connection = await dial();
    const flush = connection.flush.bind(connection);
    let flushes = 0;
    connection.flush = () =>
      ++flushes === 2 ? Promise.reject(new Error("the connection has broken")) : flush();
    const { bus } = lonelyBus();
    const mesh = await join(bus, { name: "orders", instance: "a", connection });
    all.push({ bus, mesh, connection });
    expect((await found(web, "a")).pid).to.equal(process.pid);
  });

  it("leave nothing behind where it is closed meanwhile", async () => {
    const connection = await dial();
    const flush = connection.flush.bind(connection);
    let flushes = 0;
    connection.flush = async () => {
      if (++flushes === 2) await connection.close();
      await flush();
    };
    const { bus } = lonelyBus();
    await rejection(join(bus, { name: "orders", connection }));
    expect((bus as Bus).hub.memberships.size).to.equal(0);
  });

  it("do not join a bus that is closed meanwhile", async () => {
    const connection = await dial();
    const flush = connection.flush.bind(connection);
    const { bus, hub } = lonelyBus();
    let closed: Promise<void> | undefined;
    connection.flush = async () => {
      closed ??= bus.close();
      await flush();
    };
    const error = await rejection(join(bus, { name: "orders", connection }));
    expect(error).to.include({ code: "ERR_CLOSED" });
    await closed;
    expect(hub.memberships.size).to.equal(0);
    await connection.close();
  });

  it("leave nothing behind where it was closed before", async () => {
    const connection = await dial();
    await connection.close();
    const { bus, hub } = lonelyBus();
    await rejection(join(bus, { name: "orders", connection }));
    expect(hub.memberships.size).to.equal(0);
    expect(() => bus.to({ name: "orders", instance: "1" })).to.throw(TypeError);
  });

  it("do not join once they are closed", async () => {
    const { bus, connection } = await member("web");
    await bus.close();
    const error = await rejection(join(bus, { name: "web", connection }));
    expect(error).to.include({ code: "ERR_CLOSED" });
  });

  it("connect by themselves to servers, and close what they have opened", async () => {
    const { bus } = lonelyBus();
    const mesh = await join(bus, { name: "own", servers: server.url, instance: "o" });
    const web = await member("web");
    await found(web, "o");
    await mesh.leave();
    expect(web.mesh.members).to.deep.equal([]);
  });
});
