import { setTimeout as later } from "node:timers/promises";
import { MessageChannel, Worker } from "node:worker_threads";
import { expect } from "chai";
import { bus, isFrame } from "../../lib/index.ts";
import { nextEvent } from "../support/buses.ts";
import { endAll, ended, entryOf, runScript, start } from "../support/processes.ts";

describe("a good neighbour", () => {
  afterEach(endAll);

  describe("that is only loaded", () => {
    it("changes nothing in a process, which exits by itself", async () => {
      const script = `
        // Node opens its own pipes for output when it likes.
        const mine = [process.stdout, process.stderr];
        const handles = () => process._getActiveHandles().filter((each) => !mine.includes(each));
        const before = [process.eventNames(), handles().length];
        const { bus } = await import("clusterphone");
        const after = [process.eventNames(), handles().length];
        console.log(JSON.stringify(before) === JSON.stringify(after), typeof bus.on);`;
      const { code, output } = await runScript(script);
      expect({ code, output }).to.deep.equal({ code: 0, output: "true function\n" });
    });

    it("loads nothing of Node but what it tells data by", async () => {
      const script = `
        // What Node itself needs to load a package is there already.
        await import("eventemitter3");
        const before = new Set(process.moduleLoadList);
        await import("clusterphone");
        const loaded = process.moduleLoadList.filter((name) => !before.has(name));
        console.log(loaded.filter((name) => /^NativeModule (?!internal)/.test(name)).join());`;
      const { code, output } = await runScript(script, [], { NODE_DEBUG: "" });
      expect(code, output).to.equal(0);
      expect(["", "NativeModule util/types"]).to.include(output.trim());
    });

    it("changes nothing in a child, sends nothing, and lets it exit", async () => {
      const child = start("plain", ["imports"], { silent: true });
      const messages: unknown[] = [];
      child.on("message", (message) => messages.push(message));
      expect(await ended(child)).to.deep.equal({ code: 0, signal: null, output: "" });
      expect(messages).to.deep.equal([]);
    });

    it("loads by require as well", async () => {
      const script = `
        import { createRequire } from "node:module";
        const required = createRequire(process.cwd() + "/x.js")("clusterphone");
        const { bus } = await import("clusterphone");
        console.log(required.bus === bus);`;
      expect(await runScript(script)).to.include({ code: 0, output: "true\n" });
    });
  });

  describe("in a primary", () => {
    /** Starts a worker before and one after the primary does its first thing with the bus. */
    const primary = (first: string) => `
      import cluster from "node:cluster";
      import { once } from "node:events";
      import { bus } from "clusterphone";
      cluster.setupPrimary({ exec: process.argv[1], execArgv: [], args: ["speaks-only"] });
      // Its hello is what comes first, and is lost.
      await once(cluster.fork(), "message");
      const up = [];
      bus.lifecycle.on("up", (peer) => {
        up.push(peer.id);
        if (up.length < 2) return;
        console.log(up.sort().join(" "));
        for (const worker of Object.values(cluster.workers)) worker.kill("SIGKILL");
      });
      ${first};
      cluster.fork();`;

    for (const first of ["bus.on('hit', () => 1)", "bus.to('parent')"]) {
      it(`takes workers in by itself, those forked before too: ${first}`, async () => {
        const { output } = await runScript(primary(first), [entryOf("plain")]);
        expect(output).to.equal("worker:1 worker:2\n");
      });
    }

    it("takes a worker for one also where it is given its process, in the tick of the fork", async () => {
      const script = `
        import cluster from "node:cluster";
        import { bus } from "clusterphone";
        cluster.setupPrimary({ exec: process.argv[1], execArgv: [], args: ["speaks-only"] });
        bus.on("hit", () => 1);
        const worker = cluster.fork();
        const { id, kind, target } = bus.to(worker.process).peer;
        console.log(id, kind, target === worker, bus.to(worker).peer.id, bus.peers.length);
        worker.process.kill("SIGKILL");`;
      const { output } = await runScript(script, [entryOf("plain")]);
      expect(output).to.equal("worker:1 worker true worker:1 1\n");
    });

    it("says nothing to a worker that has not said hello", async () => {
      const script = `
        import cluster from "node:cluster";
        import { once } from "node:events";
        import { setImmediate as turn } from "node:timers/promises";
        import { bus } from "clusterphone";
        cluster.setupPrimary({ exec: process.argv[1], execArgv: [] });
        bus.on("hit", () => 1);
        const worker = cluster.fork();
        // A worker may lose what comes before it listens, so look at what is sent.
        const sent = [];
        const { send } = worker.process;
        worker.process.send = (message, ...rest) => {
          if (Object.hasOwn(message, "clusterphone2")) sent.push(message);
          return send.call(worker.process, message, ...rest);
        };
        await once(worker, "online");
        bus.ns("opened later").on("hit", () => 1);
        await turn();
        await turn();
        console.log(JSON.stringify(sent), bus.peers.length);
        worker.kill("SIGKILL");`;
      expect((await runScript(script, [entryOf("plain")])).output).to.equal("[] 1\n");
    });
  });

  it("shares one bus among copies of the package", async () => {
    const script = `
      import { bus, BusError } from "clusterphone";
      import { cpSync, rmSync } from "node:fs";
      import { pathToFileURL } from "node:url";
      const folder = "dist/copy-" + process.pid;
      cpSync("dist/lib", folder, { recursive: true });
      const copy = await import(pathToFileURL(folder + "/index.js"));
      rmSync(folder, { recursive: true });
      const error = await bus.to("parent").emit("x").ackd().catch((thrown) => thrown);
      console.log(copy.bus === bus, copy.BusError !== BusError, copy.isBusError(error));`;
    expect(await runScript(script)).to.include({ code: 0, output: "true true true\n" });
  });

  it("lets others use the channel, both ways", async () => {
    const child = start("neighbour", ["first"]);
    const heard: unknown[] = [];
    child.on("message", (message) => {
      if (!Object.hasOwn(Object(message), "clusterphone2")) heard.push(message);
    });
    child.send({ early: 1 });
    await bus.to(child).emit("speak").ackd();
    child.send({ late: 2 });
    expect(await bus.to(child).emit("seen").ackd()).to.deep.include.members([
      { early: 1 },
      { late: 2 },
    ]);
    expect(heard).to.deep.equal([{ from: "somebody else" }, "a text"]);
  });

  it("keeps what came for others until they listen, in a child", async () => {
    const child = start("neighbour");
    for (let i = 0; i < 3; i++) child.send({ foreign: i });
    await bus.to(child).emit("seen").ackd();
    child.send({ foreign: 3 });
    await bus.to(child).emit("listen").ackd();
    child.send({ foreign: 4 });
    const seen = (await bus.to(child).emit("seen").ackd()) as { foreign?: number }[];
    const foreign = seen.map((message) => message.foreign).filter((each) => each !== undefined);
    expect(foreign).to.deep.equal([0, 1, 2, 3, 4]);
  });

  it("keeps what came for others until they listen, in a parent", async () => {
    const child = start("neighbour");
    await bus.to(child).emit("speak").ackd();
    const heard: unknown[] = [];
    const both = new Promise<void>((resolve) => {
      child.on("message", (message) => {
        if (heard.push(message) === 2) resolve();
      });
    });
    await both;
    expect(heard).to.deep.equal([{ from: "somebody else" }, "a text"]);
  });

  it("leaves a message to a once() that was prepended, and to nobody else", async () => {
    const child = start("neighbour");
    await bus.to(child).emit("seen").ackd();
    const heard: unknown[] = [];
    const first = new Promise((resolve) => child.prependOnceListener("message", resolve));
    await bus.to(child).emit("say", "one").ackd();
    // Before ours hears it the other one is gone.
    expect(await first).to.equal("one");
    child.on("message", (message) => {
      if (!isFrame(message)) heard.push(message);
    });
    await bus.to(child).emit("say", "two").ackd();
    expect(heard).to.deep.equal(["two"]);
    await bus.to(child).emit("prepend").ackd();
    child.send({ foreign: 1 });
    expect(await bus.to(child).emit("seen").ackd()).to.deep.equal([{ once: { foreign: 1 } }]);
    await bus.to(child).emit("listen").ackd();
    child.send({ foreign: 2 });
    expect(await bus.to(child).emit("seen").ackd()).to.deep.include({ foreign: 2 });
    expect(await bus.to(child).emit("seen").ackd()).to.not.deep.include({ foreign: 1 });
  });

  it("keeps what came for others until they listen, on a port", async () => {
    const { port1, port2 } = new MessageChannel();
    bus.to(port1);
    port2.postMessage("early");
    port2.postMessage({ clusterphone2: "garbage" });
    await nextEvent(bus.lifecycle, "protocolError");
    const [heard] = await nextEvent(port1, "message");
    expect(heard).to.equal("early");
    const down = nextEvent(bus.lifecycle, "down");
    port2.close();
    expect((await down)[0]).to.have.property("kind", "port");
  });

  it("keeps no more than 1,000 messages that nobody listens for", async () => {
    const { port1, port2 } = new MessageChannel();
    bus.to(port1);
    for (let i = 0; i < 1500; i++) port2.postMessage(i);
    port2.postMessage({ clusterphone2: "garbage" });
    await nextEvent(bus.lifecycle, "protocolError");
    const heard: unknown[] = [];
    const last = new Promise<void>((resolve) => {
      port1.on("message", (message) => {
        if (message === "last") resolve();
        else if (typeof message === "number") heard.push(message);
      });
    });
    await nextEvent(port1, "message");
    port2.postMessage("last");
    await last;
    expect(heard).to.deep.equal(Array.from({ length: 1000 }, (_, i) => i));
    port1.close();
  });

  it("keeps a process alive that waits for an answer without a limit", async () => {
    bus.on("slow-hit", async () => {
      await later(100);
      return "answered";
    });
    const child = start("plain", ["waits-for-ever"], { silent: true });
    bus.to(child);
    expect(await ended(child)).to.include({ code: 0, output: "answered\n" });
    bus.off("slow-hit");
  });

  it("handles no signals, and changes no prototype", async () => {
    const script = `
      import { bus } from "clusterphone";
      import { EventEmitter } from "node:events";
      import { MessageChannel } from "node:worker_threads";
      const prototypes = [Object, Array, Error, Function, EventEmitter, Promise, EventTarget]
        .map(({ prototype }) => prototype);
      const keys = () => prototypes.map((each) => Reflect.ownKeys(each).length).join();
      const before = keys();
      const { port1, port2 } = new MessageChannel();
      bus.on("x", () => 1);
      for (const port of [port1, port2]) bus.to(port);
      await bus.to(port1).emit("x").ackd();
      console.log(keys() === before, process.eventNames().filter((name) => /^SIG/.test(String(name))));
      port1.close();`;
    expect(await runScript(script)).to.include({ code: 0, output: "true []\n" });
  });

  it("emits no error on a channel that breaks", async () => {
    const child = start("plain", ["speaks-into-a-broken-channel"], { silent: true });
    bus.to(child);
    expect((await ended(child)).output).to.equal("ERR_PEER_DIED\n");
  });

  it("lets a child exit that only speaks, when it has its answer", async () => {
    bus.on("hit", (count) => count);
    const child = start("plain", ["speaks-only"], { silent: true });
    bus.to(child);
    expect(await ended(child)).to.include({ code: 0, output: "" });
    bus.off("hit");
  });

  it("keeps a child alive as long as the bus has listeners, and no longer", async () => {
    const child = start("plain", ["listens-and-lets-go"], { silent: true });
    const end = ended(child);
    bus.to(child);
    await nextEvent(child.stdout as NonNullable<typeof child.stdout>, "data");
    expect(child.exitCode).to.equal(null);
    child.send("let go");
    expect(await end).to.deep.equal({ code: 0, signal: null, output: "listening\nlet go\n" });
  });

  it("leaves the listeners of others what keeps a child alive", async () => {
    const child = start("plain", ["own-listener"], { silent: true });
    const end = ended(child);
    child.send("hello");
    expect(await end).to.deep.equal({ code: 0, signal: null, output: 'heard "hello"\n' });
  });

  it("times out clearly under a parent that has no bus, and exits", async () => {
    const child = start("plain", ["times-out"], { silent: true });
    const { code, output } = await ended(child);
    expect(code).to.equal(0);
    expect(output).to.match(
      /^ERR_ACK_TIMEOUT no .*did the parent call to\(child\)\? did the other side call on\(\)\?\n$/,
    );
  });

  it("lets a thread exit that only speaks, and one whose port somebody else uses live on", async () => {
    bus.on("hit", (count) => count);
    const speaks = new Worker(entryOf("plain"), { argv: ["speaks-only"] });
    bus.to(speaks);
    expect(await nextEvent(speaks, "exit")).to.deep.equal([0]);
    const uses = new Worker(entryOf("thread-neighbour"));
    bus.to(uses);
    const heard = new Promise((resolve) => {
      uses.on("message", (message) => {
        if (message === "listening") uses.postMessage("still there?");
        else if (typeof message === "string") resolve(message);
      });
    });
    expect(await heard).to.equal("heard: still there?");
    uses.postMessage("end");
    expect(await nextEvent(uses, "exit")).to.deep.equal([0]);
    bus.off("hit");
  });

  it("adds no error listener to what is the user's", () => {
    const child = start("neighbour");
    bus.to(child);
    expect(child.listenerCount("error")).to.equal(0);
    expect(child.listenerCount("message")).to.equal(1);
  });

  it("sends nothing to a child that it was not told to address", async () => {
    bus.on("anything", () => 1);
    const child = start("plain", ["own-listener"], { silent: true });
    const end = ended(child);
    child.send("the only message");
    expect((await end).output).to.equal('heard "the only message"\n');
    bus.off("anything");
  });
});
