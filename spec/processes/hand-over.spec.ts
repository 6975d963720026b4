import type { ChildProcess } from "node:child_process";
import cluster from "node:cluster";
import { createSocket } from "node:dgram";
import { openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ReadStream } from "node:tty";
import { expect } from "chai";
import type { Target } from "../../lib/emit/target.ts";
import { bus } from "../../lib/index.ts";
import type { Handle } from "../../lib/wire/handle.ts";
import { nextEvent, rejection } from "../support/buses.ts";
import { endAll, entryOf, start } from "../support/processes.ts";

/** More than the system takes of a connection whose client does not read. */
const MUCH = 20_000_000;

describe("a handle that is handed over", () => {
  let server: Server;
  let child: ChildProcess;
  let peer: Target;
  let client: Socket;
  let accepted: Socket;

  beforeEach(async () => {
    server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await nextEvent(server, "listening");
    child = start("receiver");
    peer = bus.to(child);
    await peer.emit("echo").ackd();
    const connected = nextEvent(server, "connection") as Promise<[Socket]>;
    client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.on("error", () => {});
    [accepted] = await connected;
  });

  afterEach(async () => {
    client.destroy();
    server.close();
    await endAll();
  });

  /** How many bytes the client gets until its end, and the last of them. */
  function received(): Promise<{ bytes: number; tail: string }> {
    let bytes = 0;
    let tail = "";
    client.on("data", (data) => {
      bytes += data.length;
      tail = (tail + String(data.subarray(-20))).slice(-11);
    });
    return new Promise((resolve) => client.once("close", () => resolve({ bytes, tail })));
  }

  describe("with writes that are pending", () => {
    const all = { bytes: MUCH + "child got x".length, tail: "child got x" };

    it("leaves when they are written, and what follows leaves after it", async () => {
      accepted.write(Buffer.alloc(MUCH));
      peer.emit("note", "before");
      const taken = peer.emit("socket", "the socket", { handle: accepted }).ackd();
      peer.emit("note", "after");
      expect(
        await bus
          .ns("another")
          .to(child)
          .emit("x")
          .within(20)
          .ackd()
          .catch(() => "goes on"),
      ).to.equal("goes on");
      const end = received();
      client.write("x");
      expect(await taken).to.equal(true);
      expect(await peer.emit("noted").ackd()).to.deep.equal(["before", "the socket", "after"]);
      expect(await end).to.deep.equal(all);
    });

    it("leaves with what its owner had corked", async () => {
      accepted.cork();
      accepted.write(Buffer.alloc(MUCH));
      const taken = peer.emit("socket", 1, { handle: accepted }).ackd();
      const end = received();
      client.write("x");
      await taken;
      expect(await end).to.deep.equal(all);
    });

    it("leaves when they are written also where it had to wait for the peer", async () => {
      const late = bus.ns("late").to(child);
      accepted.write(Buffer.alloc(MUCH));
      const options = { handle: accepted, queueHandle: true };
      const order: string[] = [];
      const waits = [
        late
          .emit("socket", 1, options)
          .ackd()
          .then(() => order.push("socket")),
        late
          .emit("echo")
          .ackd()
          .then(() => order.push("echo")),
      ];
      await peer.emit("open-late").ackd();
      const end = received();
      client.write("x");
      await Promise.all(waits);
      expect(order).to.deep.equal(["socket", "echo"]);
      expect(await end).to.deep.equal(all);
    });

    it("is closed when its time is over, as the client does not read, and what follows goes on", async () => {
      accepted.write(Buffer.alloc(MUCH));
      const error = await rejection(peer.emit("socket", 1, { handle: accepted }).within(50).ackd());
      expect(error).to.include({ code: "ERR_ACK_TIMEOUT", executed: "no" });
      expect(error.message).to.include("client does not read");
      expect(accepted.destroyed).to.equal(true);
      expect(await peer.emit("echo", "after").ackd()).to.equal("after");
    });

    it("is closed when the peer dies", async () => {
      accepted.write(Buffer.alloc(MUCH));
      const lost = rejection(peer.emit("socket", 1, { handle: accepted }).ackd());
      child.kill("SIGKILL");
      expect(await lost).to.include({ code: "ERR_PEER_DIED", executed: "no" });
      expect(accepted.destroyed).to.equal(true);
    });

    it("is lost when the client goes, and that throws nowhere", async () => {
      accepted.write(Buffer.alloc(MUCH));
      const lost = rejection(peer.emit("socket", 1, { handle: accepted }).ackd());
      client.resetAndDestroy();
      expect(await lost).to.include({ code: "ERR_HANDLE_LOST", executed: "no" });
      expect(await peer.emit("echo", "after").ackd()).to.equal("after");
    });
  });

  it("that is still connecting leaves when it is connected, and is lost if it does not connect", async () => {
    const { port } = server.address() as AddressInfo;
    const other = nextEvent(server, "connection") as Promise<[Socket]>;
    const connecting = connect(port, "127.0.0.1");
    expect(connecting.connecting).to.equal(true);
    expect(await peer.emit("socket", 1, { handle: connecting }).ackd()).to.equal(true);
    const [served] = await other;
    const answered = nextEvent(served, "data");
    served.resume().write("x");
    expect(String((await answered)[0])).to.equal("child got x");
    const nobody = createServer().listen(0, "127.0.0.1");
    await nextEvent(nobody, "listening");
    const closed = (nobody.address() as AddressInfo).port;
    await new Promise((resolve) => nobody.close(resolve));
    const lost = peer.emit("socket", 2, { handle: connect(closed, "127.0.0.1") }).ackd();
    expect(await rejection(lost)).to.include({ code: "ERR_HANDLE_LOST", executed: "no" });
  });

  describe("is refused at the call, and stays with the caller", () => {
    const refused = (target: Target, handle: Handle, text: RegExp) =>
      expect(() => target.emit("socket", 1, { handle, queueHandle: true }))
        .to.throw(Error, text)
        .with.include({ code: "ERR_HANDLE_UNSUPPORTED", executed: "no" });

    it("if it is closed, not even connecting, not listening or not bound", () => {
      accepted.destroy();
      const datagrams = createSocket("udp4");
      for (const handle of [accepted, new Socket(), createServer(), datagrams]) {
        refused(peer, handle, /is not open/);
      }
      datagrams.close();
    });

    it("if it is a terminal", () => {
      const terminal = new ReadStream(openSync("/dev/ptmx", "r+"));
      refused(peer, terminal, /no terminal/);
      expect(terminal.destroyed).to.equal(false);
      terminal.destroy();
    });

    it("if it is a server on a path, which a cluster worker would not survive", async () => {
      const folder = await mkdtemp(join(tmpdir(), "clusterphone-"));
      const onPath = createServer().listen(join(folder, "socket"));
      await nextEvent(onPath, "listening");
      cluster.setupPrimary({ exec: entryOf("receiver"), serialization: "json" });
      const worker = cluster.fork();
      for (const target of [peer, bus.to(worker)]) refused(target, onPath, /a server on a path/);
      expect(await bus.to(worker).emit("echo", "alive").ackd()).to.equal("alive");
      expect(onPath.listening).to.equal(true);
      onPath.close();
      worker.process.kill("SIGKILL");
      await nextEvent(worker, "exit");
      await rm(folder, { recursive: true });
    });
  });
});
