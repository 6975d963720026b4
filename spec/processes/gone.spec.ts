import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect } from "chai";
import { bus } from "../../lib/index.ts";
import { type BusPair, busPair, nextEvent, rejection, turn } from "../support/buses.ts";
import { endAll, start } from "../support/processes.ts";

describe("a peer that gives up its close", () => {
  for (const serialization of ["json", "clone"] as const) {
    describe(`over ${serialization}`, () => {
      let pair: BusPair;
      const emit = (data?: unknown) => pair.a.to(pair.toB).emit("x", data);

      beforeEach(async () => {
        pair = busPair(serialization);
        pair.b.on("x", (data) => data);
        await emit().ackd();
        // What is sent from here on is not read over there, nor what would let it close in peace.
        pair.left.stop();
      });

      it("settles what waits for it at once, whether or not that was asked for", async () => {
        const unasked: unknown[] = [];
        pair.a.lifecycle.on("undelivered", ({ code, executed }, { data }) => {
          unasked.push([code, executed, data]);
        });
        const written = rejection(emit(1).within(Infinity).ackd());
        await turn();
        const waiting = [2, 3].map((data) => rejection(emit(data).within(Infinity).ackd()));
        emit(4);
        emit(5);
        await turn();
        await pair.b.close({ timeout: 1 });
        expect(await written).to.include({ code: "ERR_CLOSED", executed: "maybe" });
        for (const each of waiting) {
          expect(await each).to.include({ code: "ERR_CLOSED", executed: "no" });
        }
        await turn();
        expect(unasked).to.deep.equal([
          ["ERR_CLOSED", "no", 4],
          ["ERR_CLOSED", "no", 5],
        ]);
        expect(pair.toB.backlog.waiting).to.equal(0);
        pair.left.resume();
        await turn();
        await turn();
        expect(pair.toB.backlog.unwritten).to.equal(0);
        expect(pair.toB.outbox.size).to.equal(0);
      });

      it("is not waited for by flushed(), drained() or close()", async () => {
        pair.a.limits.pending = 1000;
        const unread = rejection(emit("x".repeat(900)).ackd());
        await turn();
        const drained = pair.toB.drained();
        const flushed = pair.a.flushed();
        await pair.b.close({ timeout: 1 });
        await Promise.all([drained, flushed, pair.a.flushed(), pair.toB.drained()]);
        expect(await unread).to.include({ code: "ERR_CLOSED" });
        await pair.a.close({ timeout: Infinity });
      });

      it("says so once: what it is told by then ends with the same error, and its end is told as ever", async () => {
        const down = nextEvent(pair.a.lifecycle, "down");
        await pair.b.close({ timeout: 1 });
        while (pair.toB.state === "up") await turn();
        expect(await rejection(emit().ackd())).to.include({ code: "ERR_CLOSED", executed: "no" });
        expect(pair.toB.state).to.equal("closing");
        pair.left.end({ exitCode: 3 });
        expect((await down)[1]).to.include({ code: "ERR_PEER_DIED", exitCode: 3 });
      });
    });
  }

  it("while a connection is on its way to it: that is closed here, and what is behind it settles", async () => {
    const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const [socket] = (await once(server, "connection")) as [Socket];
    const child = start("gives-up", [], { stdio: ["pipe", "inherit", "inherit", "ipc"] });
    const peer = bus.to(child);
    await peer.emit("echo").ackd();
    const blocked = once(child, "message");
    peer.emit("give-up");
    await blocked;
    const onItsWay = rejection(peer.emit("echo", 1, { handle: socket }).within(Infinity).ackd());
    const behind = [2, 3].map((data) => rejection(peer.emit("echo", data).within(Infinity).ackd()));
    await turn();
    const closed = once(socket, "close");
    child.stdin?.end("go on");
    expect(await onItsWay).to.include({ code: "ERR_CLOSED" });
    for (const each of behind)
      expect(await each).to.include({ code: "ERR_CLOSED", executed: "no" });
    await closed;
    // Over there too, where it arrives when the bus has gone.
    await once(client.resume(), "close");
    await bus.flushed();
    server.close();
    await endAll();
  });
});
