import type { ChildProcess } from "node:child_process";
import cluster from "node:cluster";
import { type FSWatcher, mkdtempSync, readFileSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import { bus } from "../../lib/index.ts";
import type { Peer } from "../../lib/message/peer.ts";
import { nextEvent, rejection, turn } from "../support/buses.ts";
import { endAll, entryOf, start } from "../support/processes.ts";

/** Whether the beginning of a message has been read from the channel, and not its end. */
function isReadingPart(child: ChildProcess): boolean {
  const symbols = Object.getOwnPropertySymbols(child);
  const symbol = symbols.find(({ description }) => description === "kChannelHandle");
  const channel = symbol && (child as unknown as Record<symbol, { buffering?: boolean }>)[symbol];
  return channel?.buffering === true;
}

/** Whether a process is stopped: what continues it before that is lost. */
function isStopped({ pid }: ChildProcess): boolean {
  return /\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

describe("the death of a peer", () => {
  afterEach(endAll);

  it("by SIGKILL settles what is pending, with the signal and the truth about executed", async () => {
    const child = start("victim");
    const peer = bus.to(child);
    await peer.emit("pid").ackd();
    const sent = Array.from({ length: 100 }, () => rejection(peer.emit("hang").ackd()));
    const queued = rejection(bus.ns("never").to(child).emit("x").ackd());
    await peer.emit("echo").ackd();
    const down = nextEvent(bus.lifecycle, "down") as Promise<[Peer, Error]>;
    child.kill("SIGKILL");
    for (const error of await Promise.all(sent)) {
      expect(error).to.include({ code: "ERR_PEER_DIED", executed: "maybe", signal: "SIGKILL" });
    }
    expect(await queued).to.include({ code: "ERR_PEER_DIED", executed: "no", signal: "SIGKILL" });
    expect((await down)[0].id).to.equal(`child:${child.pid}`);
  });

  it("settles 10,000 pending acks soon after the exit, with the signal and the right executed", async () => {
    const child = start("victim");
    const peer = bus.to(child);
    await peer.emit("pid").ackd();
    const written = Array.from({ length: 5000 }, () => rejection(peer.emit("hang").ackd()));
    const queued = Array.from({ length: 5000 }, () =>
      rejection(bus.ns("never").to(child).emit("x").ackd()),
    );
    await peer.emit("echo").ackd();
    const exited = nextEvent(child, "exit").then(() => performance.now());
    child.kill("SIGKILL");
    const errors = await Promise.all([...written, ...queued]);
    const took = performance.now() - (await exited);
    for (const [i, error] of errors.entries()) {
      const executed = i < 5000 ? "maybe" : "no";
      expect(error).to.include({ code: "ERR_PEER_DIED", signal: "SIGKILL", executed });
    }
    // 100 ms is what the bus may wait for the end of the channel; the rest is a hang guard.
    expect(took).to.be.below(2000);
  });

  it("leaves somebody to take what Node still reads of it: without, that would be an uncaught TypeError", async () => {
    const child = start("victim");
    const error = await rejection(bus.to(child).emit("exit", 7).ackd());
    expect(error).to.have.property("code", "ERR_PEER_DIED");
    expect(child.listenerCount("message")).to.equal(1);
    child.emit("message", { clusterphone2: [7, 1_000_000, [2, 1, "_", "echo", 0, "too late"]] });
  });

  it("by exit tells the exit code", async () => {
    const child = start("victim");
    const error = await rejection(bus.to(child).emit("exit", 7).ackd());
    expect(error).to.include({ code: "ERR_PEER_DIED", executed: "maybe", exitCode: 7 });
    expect(error.message).to.match(
      /"exit" to child:\d+ was not acknowledged: child:\d+ exited with code 7/,
    );
  });

  it("by an uncaught error is a death like others", async () => {
    const child = start("victim", [], { silent: true });
    const error = await rejection(bus.to(child).emit("throw").ackd());
    expect(error).to.include({ code: "ERR_PEER_DIED", executed: "maybe", exitCode: 1 });
  });

  it("may also be a disconnect of a child that lives on", async () => {
    const child = start("victim");
    const error = await rejection(bus.to(child).emit("disconnect").ackd());
    expect(error).to.include({ code: "ERR_PEER_DIED", executed: "maybe" });
    expect([child.exitCode, child.signalCode]).to.deep.equal([null, null]);
    const later = await rejection(bus.to(child).emit("echo").ackd());
    expect(later).to.include({ code: "ERR_PEER_DIED", executed: "no" });
  });

  it("may be a disconnect in the middle of a long message, which Node does not finish by itself", async () => {
    const child = start("victim");
    const pending = rejection(bus.to(child).emit("break-off").within(Infinity).ackd());
    const disconnected = nextEvent(child, "disconnect");
    while (!isReadingPart(child)) await turn();
    child.disconnect();
    expect(await pending).to.include({ code: "ERR_PEER_DIED", executed: "maybe" });
    await disconnected;
    while (!isStopped(child)) await turn();
    const exited = nextEvent(child, "exit");
    child.kill("SIGCONT");
    // It has been told as well, and has nothing left to do.
    expect(await exited).to.deep.equal([0, null]);
  });

  it("is seen by its exit, though something of it holds the channel open", async () => {
    const child = start("victim");
    const exited = nextEvent(child, "exit").then(() => performance.now());
    const holder = new Promise<number>((resolve) => {
      bus.once("holds-the-channel", (pid) => resolve(pid as number));
    });
    const pending = rejection(bus.to(child).emit("leave-the-channel-open").ackd());
    const pid = await holder;
    const error = await pending;
    const took = performance.now() - (await exited);
    expect(child.connected).to.equal(true);
    process.kill(pid, "SIGKILL");
    expect(error).to.include({ code: "ERR_PEER_DIED", executed: "maybe", exitCode: 5 });
    expect(took, "ms after the exit").to.be.within(50, 2000);
  });

  it("before it ever said hello rejects what waited", async () => {
    const child = start("victim", [], { execArgv: ["-e", "process.exit(9)"] });
    const error = await rejection(bus.to(child).emit("echo").ackd());
    expect(error).to.include({ code: "ERR_PEER_DIED", executed: "no", exitCode: 9 });
  });

  it("comes after what had arrived before it was read", async () => {
    const child = start("victim");
    const said: unknown[] = [];
    const namespace = bus.on("said", (i) => said.push(i));
    const error = await rejection(bus.to(child).emit("say-and-exit", 5000).ackd());
    namespace.off("said");
    expect(error).to.include({ code: "ERR_PEER_DIED", exitCode: 0 });
    expect(said).to.deep.equal(Array.from({ length: 5000 }, (_, i) => i));
  });

  it("of a cluster worker is the same; its successor starts anew", async () => {
    cluster.setupPrimary({ exec: entryOf("victim"), serialization: "json" });
    const worker = cluster.fork();
    await bus.to(worker).emit("echo").ackd();
    const pending = rejection(bus.to(worker).emit("hang").ackd());
    await bus.to(worker).emit("echo").ackd();
    process.kill(worker.process.pid ?? 0, "SIGKILL");
    expect(await pending).to.include({ code: "ERR_PEER_DIED", signal: "SIGKILL" });
    const next = cluster.fork();
    expect(await bus.to(next).emit("echo", "anew").ackd()).to.equal("anew");
    next.process.kill("SIGKILL");
    await nextEvent(next, "exit");
  });

  it("of a thread tells the exit code", async () => {
    const thread = new Worker(entryOf("victim"));
    const pending = rejection(bus.to(thread).emit("hang").ackd());
    await bus.to(thread).emit("echo").ackd();
    await thread.terminate();
    expect(await pending).to.include({ code: "ERR_PEER_DIED", executed: "maybe", exitCode: 1 });
    const later = await rejection(bus.to(thread).emit("echo").ackd());
    expect(later).to.include({ code: "ERR_PEER_DIED", executed: "no" });
  });

  it("of a thread by an uncaught error tells that, also where it came before its bus did", async () => {
    const thread = new Worker(entryOf("victim"));
    const failed = nextEvent(thread, "error");
    const error = await rejection(bus.to(thread).emit("throw").ackd());
    const [uncaught] = await failed;
    expect(error).to.include({ code: "ERR_PEER_DIED", executed: "maybe", exitCode: 1 });
    expect(error.cause).to.equal(uncaught);
    expect(error.message).to.match(
      /: thread:\d+ exited with code 1, as nobody caught: an uncaught one$/,
    );
    const missing = new Worker(`${entryOf("victim")}.missing`);
    const notFound = nextEvent(missing, "error");
    const early = await rejection(bus.to(missing).emit("echo").ackd());
    expect(early).to.include({ code: "ERR_PEER_DIED", executed: "no", exitCode: 1 });
    expect(early.message).to.match(/ as nobody caught: Cannot find module /);
    expect(await notFound).to.deep.equal([early.cause]);
  });

  it("of a thread that nobody has talked to settles at once what is sent to it then", async () => {
    const thread = new Worker("", { eval: true });
    await nextEvent(thread, "exit");
    const error = await rejection(bus.to(thread).emit("echo").ackd());
    expect(error).to.include({ code: "ERR_PEER_DIED", executed: "no" });
  });

  describe("is seen from below too", () => {
    let folder: string;
    let file: string;
    let watcher: FSWatcher;
    let written: Promise<string[]>;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "clusterphone-"));
      file = join(folder, "outcome.json");
      watcher = watch(folder);
      written = new Promise<string[]>((resolve) => {
        watcher.on("change", () => {
          try {
            resolve(JSON.parse(readFileSync(file, "utf8")) as string[]);
          } catch {
            // Not there yet, or half written: the next change tells.
          }
        });
      });
    });

    afterEach(() => {
      watcher.close();
      rmSync(folder, { recursive: true });
    });

    it("when the parent is killed", async () => {
      const middleman = start("middleman", [file]);
      bus.to(middleman);
      const grandchild = new Promise<number>((resolve) => {
        bus.once("grandchild", (pid) => resolve(pid as number));
      });
      await grandchild;
      middleman.kill("SIGKILL");
      expect(await written).to.deep.equal([
        "ERR_PEER_DIED maybe",
        "ERR_PEER_DIED no",
        "ERR_PEER_DIED no",
      ]);
    });

    it("when a handle is on its way to the parent that is killed", async () => {
      bus.once("grandchild", () => {});
      bus.to(start("middleman", [file, "kills its parent, with a handle under way"]));
      expect(await written).to.deep.equal([
        "ERR_PEER_DIED maybe",
        "ERR_PEER_DIED no",
        "ERR_PEER_DIED no",
      ]);
    });
  });
});
