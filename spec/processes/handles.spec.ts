import type { ChildProcess } from "node:child_process";
import cluster from "node:cluster";
import { createSocket } from "node:dgram";
import { readdirSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, Socket } from "node:net";
import { setTimeout as later } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import type { Target } from "../../lib/emit/target.ts";
import { bus } from "../../lib/index.ts";
import type { Handle } from "../../lib/wire/handle.ts";
import { lonelyBus, nextEvent, rejection, turn } from "../support/buses.ts";
import type { SentFrame } from "../support/frames.ts";
import { endAll, entryOf, start } from "../support/processes.ts";

/** A client and the connection that the server accepted from it. */
interface Connection {
  readonly client: Socket;
  readonly accepted: Socket;
}

/** Of 5 receivers and 100 handles each: 2 in the suite, 10 in the long run (`npm run test:long`). */
const BATCHES = Number(process.env["LONG"] ?? 0) > 0 ? 10 : 2;

describe("handles", () => {
  let server: Server;
  let child: ChildProcess;
  let peer: Target;

  beforeEach(async () => {
    server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await nextEvent(server, "listening");
    child = start("receiver");
    peer = bus.to(child);
    await peer.emit("echo").ackd();
  });

  afterEach(async () => {
    server.close();
    await endAll();
  });

  it("hold up nothing behind them, however much flush() had written before", async () => {
    const { accepted } = await connection();
    for (let i = 0; i < 1500; i++) {
      peer.emit("note", i);
      bus.flush();
    }
    const taken = peer.emit("socket", "one", { handle: accepted }).ackd();
    bus.flush();
    expect(await taken).to.equal(true);
    expect(await peer.emit("echo", "behind it").ackd()).to.equal("behind it");
  });

  async function connection(from: Server = server): Promise<Connection> {
    const accepted = nextEvent(from, "connection") as Promise<[Socket]>;
    const client = connect((from.address() as AddressInfo).port, "127.0.0.1");
    client.on("error", () => {});
    return { client, accepted: (await accepted)[0] };
  }

  async function connections(count: number): Promise<Connection[]> {
    const made: Connection[] = [];
    while (made.length < count) made.push(await connection());
    return made;
  }

  /** Everything the client gets until its connection ends. */
  function answer(client: Socket): Promise<string> {
    let text = "";
    client.on("data", (bytes) => {
      text += String(bytes);
    });
    return new Promise((resolve) => client.once("close", () => resolve(text)));
  }

  /** Hands connections over, and kills the receiver when some have arrived. All are answered or closed. */
  async function handOver(
    receiver: ChildProcess,
    made: Connection[],
    arrive: number,
  ): Promise<void> {
    const answers = made.map(({ client }) => answer(client));
    const outcomes = made.map(({ accepted, client }, i) => {
      client.write(`${i}`);
      return bus.to(receiver).emit("socket", i, { handle: accepted }).ackd();
    });
    await Promise.all(outcomes.slice(0, arrive));
    receiver.kill("SIGKILL");
    for (const outcome of await Promise.allSettled(outcomes)) {
      if (outcome.status === "fulfilled") continue;
      expect(outcome.reason).to.have.property("code", "ERR_PEER_DIED");
    }
    for (const text of await Promise.all(answers)) expect(text).to.match(/^(child got \d+)?$/);
  }

  /** What the child has open, after a first handle: Node opens something for itself then, and keeps it. */
  /** The tag of the frames that this process sends to it. */
  function tagOfFramesTo(receiver: ChildProcess): Promise<number> {
    const { send } = receiver;
    return new Promise((resolve) => {
      receiver.send = (frame: SentFrame, ...rest: unknown[]) => {
        receiver.send = send;
        resolve(frame.clusterphone2[0]);
        return send.call(receiver, frame, ...(rest as []));
      };
      peer.emit("echo");
    });
  }

  async function descriptorsOfChild(): Promise<unknown> {
    const { client, accepted } = await connection();
    const answered = answer(client);
    await peer.emit("ignores", 1, { handle: accepted }).ackd();
    await answered;
    return peer.emit("descriptors").ackd();
  }

  /** The child has closed what it did not keep. Node takes some turns for that, so it is asked more than once. */
  async function descriptorsFallTo(before: unknown): Promise<void> {
    const givesUp = Date.now() + 5000;
    let now: unknown;
    do {
      now = await peer.emit("descriptors").ackd();
      if (Number(now) <= Number(before)) return;
    } while (Date.now() < givesUp);
    expect.fail(`the child has ${String(now)} descriptors, it had ${String(before)}`);
  }

  const descriptors = () => readdirSync("/proc/self/fd").length;

  it("hand a connection over: the child answers, and the sender's copy is closed", async () => {
    const { client, accepted } = await connection();
    const closed = nextEvent(accepted, "close");
    const answered = answer(client);
    client.write("hello");
    expect(await peer.emit("socket", 1, { handle: accepted }).ackd()).to.equal(true);
    expect(await answered).to.equal("child got hello");
    await closed;
    expect(accepted.destroyed).to.equal(true);
  });

  it("arrive in order among other messages", async () => {
    const made = await connections(20);
    const answers = made.map(({ client }, i) => {
      client.write(`${i}`);
      return answer(client);
    });
    for (const [i, { accepted }] of made.entries()) {
      peer.emit("note", `before ${i}`);
      peer.emit("socket", i, { handle: accepted });
      peer.emit("note", `after ${i}`);
    }
    const noted = await peer.emit("noted").ackd();
    const expected = made.flatMap((_, i) => [`before ${i}`, i, `after ${i}`]);
    expect(noted).to.deep.equal(expected);
    expect(await Promise.all(answers)).to.deep.equal(made.map((_, i) => `child got ${i}`));
  });

  it("lose no byte of what the client had sent, also what was read before", async () => {
    const eager = createServer().listen(0, "127.0.0.1");
    await nextEvent(eager, "listening");
    for (const from of [server, eager]) {
      const { client, accepted } = await connection(from);
      const answered = answer(client);
      const text = "0123456789".repeat(1300);
      client.write(text.slice(0, 6000));
      if (from === eager) await nextEvent(accepted, "readable");
      peer.emit("collect", text.length, { handle: accepted });
      client.write(text.slice(6000));
      expect(await answered).to.equal(text);
    }
    eager.close();
  });

  it("lose no byte where the sender has looked at the beginning of a long request", async () => {
    const open = createServer().listen(0, "127.0.0.1");
    await nextEvent(open, "listening");
    const { client, accepted } = await connection(open);
    const answered = answer(client);
    const text = "0123456789".repeat(20_000);
    client.write(text);
    const [first] = (await nextEvent(accepted, "data")) as [Buffer];
    accepted.pause();
    accepted.unshift(first);
    peer.emit("collect", text.length, { handle: accepted });
    expect((await answered).length).to.equal(text.length);
    open.close();
  });

  it("lose no byte that was read as text", async () => {
    const open = createServer().listen(0, "127.0.0.1");
    await nextEvent(open, "listening");
    const { client, accepted } = await connection(open);
    const answered = answer(client);
    accepted.setEncoding("utf8");
    client.write("read as text: é");
    await nextEvent(accepted, "readable");
    peer.emit("collect", 15, { handle: accepted });
    expect(await answered).to.equal("read as text: é");
    open.close();
  });

  it("may be read by a listener more than once", async () => {
    const { client, accepted } = await connection();
    const answered = answer(client);
    expect(await peer.emit("looks-twice", 1, { handle: accepted }).ackd()).to.equal(true);
    expect(await answered).to.equal("looked twice");
  });

  it("throw at emit for a peer that is not ready, and stay with the caller", async () => {
    const { client, accepted } = await connection();
    const late = bus.to(start("receiver"));
    const send = () => late.emit("socket", 1, { handle: accepted });
    expect(send)
      .to.throw(Error, /not ready there.*queueHandle/)
      .with.include({ code: "ERR_HANDLE_NOT_READY", executed: "no" });
    expect(accepted.destroyed).to.equal(false);
    accepted.end("still the caller's");
    expect(await answer(client)).to.equal("still the caller's");
  });

  it("are still read by the caller after emit has thrown", async () => {
    const open = createServer().listen(0, "127.0.0.1");
    await nextEvent(open, "listening");
    const { client, accepted } = await connection(open);
    const read = nextEvent(accepted, "data");
    const late = bus.to(start("receiver"));
    expect(() => late.emit("socket", 1, { handle: accepted })).to.throw(Error, /not ready there/);
    client.write("to the caller");
    expect(String((await read)[0])).to.equal("to the caller");
    client.destroy();
    open.close();
  });

  it("wait for the peer with queueHandle", async () => {
    const { client, accepted } = await connection();
    const answered = answer(client);
    client.write("patience");
    const late = bus.to(start("receiver"));
    const options = { handle: accepted, queueHandle: true };
    expect(await late.emit("socket", 1, options).ackd()).to.equal(true);
    expect(await answered).to.equal("child got patience");
  });

  it("wait in order among the messages that wait", async () => {
    const made = await connections(3);
    const answers = made.map(({ client }, i) => {
      client.write(`${i}`);
      return answer(client);
    });
    const late = bus.to(start("receiver"));
    for (const [i, { accepted }] of made.entries()) {
      late.emit("note", `before ${i}`);
      late.emit("socket", i, { handle: accepted, queueHandle: true });
    }
    const noted = await late.emit("noted").ackd();
    expect(noted).to.deep.equal(made.flatMap((_, i) => [`before ${i}`, i]));
    expect(await Promise.all(answers)).to.deep.equal(made.map((_, i) => `child got ${i}`));
  });

  it("that waited are closed when the message expires", async () => {
    const { client, accepted } = await connection();
    const answered = answer(client);
    const options = { handle: accepted, queueHandle: true, timeout: 30 };
    const error = await rejection(bus.ns("never").to(child).emit("x", 1, options).ackd());
    expect(error).to.include({ code: "ERR_ACK_TIMEOUT", executed: "no" });
    expect(await answered).to.equal("");
  });

  it("of a kind that cannot cross are refused at the call", async () => {
    const { client, accepted } = await connection();
    const tls = new TLSSocket(accepted);
    tls.on("error", () => {});
    for (const handle of [tls, {}, new EventTarget()] as unknown as Handle[]) {
      expect(() => peer.emit("socket", 1, { handle }))
        .to.throw(Error, /only a net.Socket, a net.Server and a dgram.Socket/)
        .with.include({ code: "ERR_HANDLE_UNSUPPORTED", executed: "no" });
    }
    client.destroy();
    accepted.destroy();
  });

  it("are refused at the call on a link that carries none", async () => {
    const { client, accepted } = await connection();
    const thread = new Worker(entryOf("contract"));
    expect(() => bus.to(thread).emit("x", 1, { handle: accepted }))
      .to.throw(Error, /this link carries no handles/)
      .with.property("code", "ERR_HANDLE_UNSUPPORTED");
    client.destroy();
    await thread.terminate();
  });

  it("share a listening server", async () => {
    const open = createServer((socket) => socket.end("from the parent")).listen(0, "127.0.0.1");
    await nextEvent(open, "listening");
    await peer.emit("server", 1, { handle: open }).ackd();
    expect(open.listening).to.equal(true);
    const { port } = open.address() as AddressInfo;
    open.close();
    expect(await answer(connect(port, "127.0.0.1"))).to.equal("from the child");
    await peer.emit("stop-sharing").ackd();
  });

  it("share a datagram socket", async () => {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await nextEvent(socket, "listening");
    await peer.emit("datagrams", 1, { handle: socket }).ackd();
    const { port } = socket.address();
    // Both would receive; the sender's copy is the sender's to close.
    socket.close();
    const client = createSocket("udp4");
    client.send("hi", port, "127.0.0.1");
    const [bytes] = await nextEvent(client, "message");
    expect(String(bytes)).to.equal("child got hi");
    client.close();
    await peer.emit("stop-sharing").ackd();
  });

  it("go from a child to its parent too", async () => {
    const arrived = new Promise<Socket>((resolve) => {
      bus.once("from-below", (_, message) => {
        resolve(message.handle as Socket);
        return "taken";
      });
    });
    const accepted = nextEvent(server, "connection") as Promise<[Socket]>;
    const { port } = server.address() as AddressInfo;
    expect(await peer.emit("send-up", port).ackd()).to.equal("taken");
    (await arrived).end("from the parent's end");
    expect(await answer((await accepted)[0].resume())).to.equal("from the parent's end");
  });

  it("cross both ways at once", async () => {
    let taken = 0;
    bus.on("from-below", (data, message) => {
      (message.handle as Socket).destroy();
      taken++;
      return data;
    });
    const made = await connections(10);
    const up = peer.emit("send-many-up", 10).ackd();
    const down = made.map(({ client, accepted }, i) => {
      client.write(`${i}`);
      return peer.emit("socket", i, { handle: accepted }).ackd();
    });
    await Promise.all(down);
    expect(await up).to.deep.equal(Array.from({ length: 10 }, (_, i) => i));
    expect(taken).to.equal(10);
    bus.off("from-below");
    for (const { client } of made) client.destroy();
  });

  it("that nobody takes are closed by the receiver", async () => {
    const before = await descriptorsOfChild();
    for (const [event, code] of [
      ["ignores", undefined],
      ["throws", "ERR_REMOTE"],
      ["nobody-listens", "ERR_UNHANDLED"],
    ] as const) {
      const { client, accepted } = await connection();
      const answered = answer(client);
      const settled = peer.emit(event, 1, { handle: accepted }).ackd();
      expect(await settled.catch((error: { code: string }) => error.code)).to.equal(
        code ?? "did not look at the handle",
      );
      expect(await answered).to.equal("");
    }
    await descriptorsFallTo(before);
  });

  it("that are shared, and that nobody takes, are closed by the receiver alone", async () => {
    const open = createServer().listen(0, "127.0.0.1");
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await Promise.all([nextEvent(open, "listening"), nextEvent(socket, "listening")]);
    const before = await descriptorsOfChild();
    for (const handle of [open, socket]) await peer.emit("ignores", 1, { handle }).ackd();
    await descriptorsFallTo(before);
    expect(open.listening).to.equal(true);
    expect(socket.address().port).to.be.above(0);
    open.close();
    socket.close();
  });

  it("that only a middleware has looked at, or that it refused, are closed by the receiver", async () => {
    const before = await descriptorsOfChild();
    for (const [event, code] of [
      ["looked-at", "no error"],
      ["looked-at-late", "no error"],
      ["looked-at-late-by-nobody-else", "ERR_UNHANDLED"],
      ["refused", "ERR_REFUSED"],
    ] as const) {
      const { client, accepted } = await connection();
      const answered = answer(client);
      const settled = peer.emit(event, 1, { handle: accepted }).ackd();
      expect(
        await settled.then(
          () => "no error",
          (error: { code: string }) => error.code,
        ),
      ).to.equal(code);
      expect(await answered).to.equal("");
    }
    await descriptorsFallTo(before);
  });

  it("are taken by a listener that looks later", async () => {
    const { client, accepted } = await connection();
    const answered = answer(client);
    await peer.emit("takes-late", 1, { handle: accepted }).ackd();
    expect(await answered).to.equal("taken late");
  });

  it("of a worker that shares its port through the primary cannot cross", async () => {
    cluster.setupPrimary({ exec: entryOf("receiver"), serialization: "json" });
    const worker = cluster.fork();
    expect(await bus.to(worker).emit("send-server-up").ackd()).to.equal("ERR_HANDLE_UNSUPPORTED");
    worker.process.kill("SIGKILL");
    await nextEvent(worker, "exit");
  });

  it("that are closed when their turn comes are lost, and the error says so", async () => {
    const { client, accepted } = await connection();
    const lost = rejection(peer.emit("socket", 1, { handle: accepted }).ackd());
    accepted.destroy();
    const error = await lost;
    expect(error).to.include({ code: "ERR_HANDLE_LOST", executed: "no" });
    expect(error.message).to.match(/is not open/);
    client.destroy();
    expect(await peer.emit("echo", "after").ackd()).to.equal("after");
  });

  it("of others under way do not let a bad payload through to where nobody catches it", async () => {
    const foreign = createServer().listen(0, "127.0.0.1");
    await nextEvent(foreign, "listening");
    child.send({ foreign: true }, foreign);
    const data = { value: "as emitted" };
    const bad = rejection(peer.emit("echo", 1n).ackd());
    const good = peer.emit("echo", data).ackd();
    await new Promise<void>((resolve) => process.nextTick(resolve));
    await Promise.resolve();
    data.value = "changed later";
    expect(await bad).to.include({ code: "ERR_NOT_SERIALIZABLE", executed: "no" });
    expect(await good).to.deep.equal({ value: "as emitted" });
    foreign.close();
  });

  it("that came in frames of nobody's are closed", async () => {
    const before = await descriptorsOfChild();
    const open = createServer().listen(0, "127.0.0.1");
    await nextEvent(open, "listening");
    const tag = await tagOfFramesTo(child);
    child.send({ clusterphone2: [tag, 900, [1, "made up"]] }, open);
    child.send({ clusterphone2: [tag, 901, ["bad item"]] }, open);
    // Real frames of this side are numbered below those, so the question is forged as well. A close takes a turn.
    let descriptorsNow = Infinity;
    for (let number = 902; descriptorsNow > Number(before) && number < 1000; number++) {
      const answered = nextEvent(child, "message");
      child.send({ clusterphone2: [tag, number, [2 | 16, number, "_", "descriptors", 0]] });
      const [frame] = (await answered) as [{ clusterphone2: [number, number, number[]] }];
      descriptorsNow = frame.clusterphone2[2][2] ?? Infinity;
    }
    expect(descriptorsNow).to.be.at.most(Number(before));
    open.close();
  });

  it("keep a child alive until all that waits behind one has been sent", async () => {
    const received: unknown[] = [];
    bus.on("from-below", (data, message) => {
      received.push(data);
      if (message.handle instanceof Socket) message.handle.destroy();
    });
    const leaving = start("leaver", [String((server.address() as AddressInfo).port)]);
    bus.to(leaving);
    await nextEvent(leaving, "exit");
    bus.off("from-below");
    expect(received).to.deep.equal(["with a handle", 1, 2, 3]);
  });

  it("are lost where the receiver has no descriptor left, and what follows goes on", async () => {
    const limited = start("receiver", [], {
      execPath: "/bin/sh",
      execArgv: ["-c", 'ulimit -n 256 && exec "$0" "$@"', process.execPath],
    });
    const full = bus.to(limited);
    await full.emit("exhaust").ackd();
    const { client, accepted } = await connection();
    const answered = answer(client);
    const lost = rejection(full.emit("socket", 1, { handle: accepted }).ackd());
    const after = full.emit("echo", "after").ackd();
    expect(await lost).to.include({ code: "ERR_HANDLE_LOST", executed: "no" });
    expect(await after).to.equal("after");
    expect(await answered).to.equal("");
    const unasked = nextEvent(bus.lifecycle, "undelivered");
    const { accepted: second } = await connection();
    full.emit("socket", 2, { handle: second });
    expect((await unasked)[0]).to.include({ code: "ERR_HANDLE_LOST", executed: "no" });
    // No listener has run without its handle.
    expect(await full.emit("noted").ackd()).to.deep.equal([]);
    await full.emit("recover").ackd();
    const next = await connection();
    const again = answer(next.client);
    next.client.write("again");
    await full.emit("socket", 2, { handle: next.accepted }).ackd();
    expect(await again).to.equal("child got again");
  });

  it("arrive although the sender has disconnected by then, which waits for them", async () => {
    const { client, accepted } = await connection();
    const answered = answer(client);
    client.write("late");
    child.kill("SIGSTOP");
    // More than the channel takes, so that the handle waits in this process to be written.
    peer.emit("note", "x".repeat(500_000));
    const outcome = peer
      .emit("socket", 1, { handle: accepted })
      .ackd()
      .catch(({ code, executed }) => `${code} ${executed}`);
    await turn();
    const ends = ["disconnect", "exit"].map((event) => nextEvent(child, event));
    child.disconnect();
    // Long enough to take it for a channel that is over.
    await later(500);
    expect(peer.peer.state).to.equal("up");
    child.kill("SIGCONT");
    expect(await answered).to.equal("child got late");
    // Its reply may be faster than the end of the channel.
    expect(await outcome).to.be.oneOf([true, "ERR_PEER_DIED maybe"]);
    // The child is told, too, and ends by itself.
    expect((await Promise.all(ends))[1]).to.deep.equal([0, null]);
  });

  it("arrive although a close that gave up had not written them, and leave the channel to others", async () => {
    const { bus: own } = lonelyBus();
    const other = start("receiver");
    const ours = own.to(other);
    await ours.emit("echo").ackd();
    const { client, accepted } = await connection();
    const answered = answer(client);
    client.write("late");
    other.kill("SIGSTOP");
    ours.emit("note", "x".repeat(500_000));
    const outcome = rejection(ours.emit("socket", 1, { handle: accepted }).ackd());
    await turn();
    await own.close({ timeout: 20 });
    expect(await outcome).to.include({ code: "ERR_CLOSED", executed: "maybe" });
    other.kill("SIGCONT");
    expect(await answered).to.equal("child got late");
    expect(accepted.destroyed).to.equal(true);
    // Node has nothing left to wait for.
    const exit = nextEvent(other, "exit");
    other.disconnect();
    expect(await exit).to.deep.equal([0, null]);
  });

  it("are closed if Node reads them of a peer whose end has been told", async () => {
    const down = nextEvent(bus.lifecycle, "down");
    child.kill("SIGKILL");
    await down;
    const [ours, foreign] = [await connection(), await connection()];
    child.emit("message", { clusterphone2: [7, 1000, [2, 1, "_", "socket", 0]] }, ours.accepted);
    child.emit("message", "somebody else's", foreign.accepted);
    expect(ours.accepted.destroyed).to.equal(true);
    expect(foreign.accepted.destroyed).to.equal(false);
    for (const { client } of [ours, foreign]) client.destroy();
  });

  it("leak no descriptor when the receiver is stopped and killed, and no client hangs", async () => {
    const made = await connections(12);
    const answers = made.map(({ client }) => answer(client));
    const before = descriptors() - made.length;
    child.kill("SIGSTOP");
    const errors = made.map(({ accepted }, i) =>
      rejection(peer.emit("socket", i, { handle: accepted }).ackd()),
    );
    await new Promise((resolve) => setImmediate(resolve));
    child.kill("SIGKILL");
    for (const [i, error] of (await Promise.all(errors)).entries()) {
      expect(error).to.include({ code: "ERR_PEER_DIED", executed: i === 0 ? "maybe" : "no" });
    }
    expect(await Promise.all(answers)).to.deep.equal(made.map(() => ""));
    // The clients' ends, the accepted ends and the child's channel are all closed.
    expect(descriptors()).to.be.at.most(before - made.length);
  });

  it(`leak nothing over ${BATCHES * 100} handles, with ${BATCHES * 5} receivers killed amid them`, async () => {
    const before = descriptors();
    for (let batch = 0; batch < BATCHES; batch++) {
      const receivers = Array.from({ length: 5 }, () => start("receiver"));
      const rounds: Promise<void>[] = [];
      for (const [i, receiver] of receivers.entries()) {
        await bus.to(receiver).emit("echo").ackd();
        // So many arrive; then it is killed with the next under way.
        rounds.push(handOver(receiver, await connections(20), 1 + 2 * i));
      }
      await Promise.all(rounds);
    }
    expect(descriptors()).to.be.at.most(before);
  });

  it("of a server that is closing still cross, and let it close", async () => {
    const own = createServer({ pauseOnConnect: true });
    await new Promise<void>((resolve) => own.listen(0, "127.0.0.1", resolve));
    const client = connect((own.address() as AddressInfo).port, "127.0.0.1");
    const [accepted] = (await nextEvent(own, "connection")) as [Socket];
    const closed = new Promise((resolve) => own.close(resolve));
    client.write("x");
    const answer = nextEvent(client, "data");
    expect(await peer.emit("socket", 1, { handle: accepted }).ackd()).to.equal(true);
    expect(String((await answer)[0])).to.equal("child got x");
    // The connection lives on in the child; here it is gone, and with it all that the server waits for.
    await closed;
    client.destroy();
  });

  it("do not keep a server from closing after the receiver has died", async () => {
    const { client, accepted } = await connection();
    client.write("x");
    await peer.emit("socket", 1, { handle: accepted }).ackd();
    child.kill("SIGKILL");
    await nextEvent(child, "exit");
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});
