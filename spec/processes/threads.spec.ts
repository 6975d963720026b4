import { MessageChannel, Worker } from "node:worker_threads";
import { expect } from "chai";
import { bus } from "../../lib/index.ts";
import { nextEvent, rejection } from "../support/buses.ts";
import { type Ended, endAll, runScript } from "../support/processes.ts";

const INSIDE = `
  const { bus } = require("clusterphone");
  const { parentPort } = require("node:worker_threads");
  const app = bus.ns("app");
  const listener = () => 1;
`;

/** Runs a program that starts a thread with `inside` and then does what `outside` says. */
function run(inside: string, outside: string): Promise<Ended> {
  const script = `
    import { once } from "node:events";
    import { setImmediate as turn } from "node:timers/promises";
    import { Worker } from "node:worker_threads";
    import { bus } from "clusterphone";
    const app = bus.ns("app");
    const thread = new Worker(process.argv[1], { eval: true, execArgv: [] });
    ${outside}`;
  return runScript(script, [INSIDE + inside]);
}

const printed = (output: string) => ({ code: 0, signal: null, output });

describe("beside a bus, a thread and who started it", () => {
  afterEach(endAll);

  it("see nothing of what the bus says on what is theirs", async () => {
    const inside = `
      parentPort.on("message", (message) => {
        parentPort.postMessage(["inside", message]);
        if (message === "last") parentPort.close();
      });
      app.on("add", ([a, b]) => a + b);
      app.on("end", () => { setImmediate(() => bus.close()); });`;
    const outside = `
      thread.on("message", (message) => console.log(JSON.stringify(message)));
      thread.postMessage("first");
      console.log(await app.to(thread).emit("add", [1, 2]).ackd());
      await app.to(thread).emit("end").ackd();
      thread.postMessage("last");
      await once(thread, "exit");`;
    const { output } = await run(inside, outside);
    expect(output.split("\n").toSorted()).to.deep.equal(
      ["", "3", '["inside","first"]', '["inside","last"]'].toSorted(),
    );
  });

  it("hear each other's messages exactly once, also with a once() from before", async () => {
    const inside = `
      parentPort.postMessage("one");
      parentPort.once("message", () => parentPort.postMessage("two"));`;
    const outside = `
      const first = once(thread, "message");
      app.to(thread);
      console.log((await first)[0]);
      thread.postMessage("go on");
      console.log((await once(thread, "message"))[0]);`;
    expect(await run(inside, outside)).to.deep.equal(printed("one\ntwo\n"));
  });

  it("hear nothing of an end that does not come", async () => {
    const inside = `
      app.to("parent");
      process.on("beforeExit", () => parentPort.postMessage("beforeExit"));
      parentPort.on("message", (message) => {
        parentPort.postMessage("got " + message);
        if (message === 3) process.exit();
      });`;
    const outside = `
      for (const number of [1, 2, 3]) {
        thread.postMessage(number);
        console.log((await once(thread, "message"))[0]);
      }`;
    expect(await run(inside, outside)).to.deep.equal(printed("got 1\ngot 2\ngot 3\n"));
  });

  const lets: Record<string, string> = {
    "with a once() before the bus": `
      parentPort.once("message", () => {});
      app.to("parent");`,
    "with a once() after the bus": `
      app.to("parent");
      parentPort.once("message", () => {});`,
    "where the bus lets go while another listens": `
      app.on("x", listener);
      parentPort.once("message", () => {});
      app.off("x", listener);`,
    "where the bus comes and goes while another listens": `
      parentPort.once("message", () => {});
      app.on("x", listener);
      app.off("x", listener);`,
  };
  for (const [how, inside] of Object.entries(lets)) {
    it(`live until the last message, ${how}`, async () => {
      const outside = `
        app.to(thread);
        await once(thread, "online");
        setTimeout(() => thread.postMessage("hello"), 100);
        console.log(await once(thread, "exit"));`;
      expect(await run(inside, outside)).to.deep.equal(printed("[ 0 ]\n"));
    });
  }

  it("are let go by an unref() of the port", async () => {
    const inside = `
      app.to("parent");
      parentPort.on("message", () => {});
      parentPort.unref();`;
    const outside = `
      app.to(thread);
      console.log(await once(thread, "exit"));`;
    expect(await run(inside, outside)).to.deep.equal(printed("[ 0 ]\n"));
  });

  for (const [when, outside] of Object.entries({
    before: "thread.unref(); console.log(await app.to(thread).emit('ping').ackd());",
    after: "console.log(await app.to(thread).emit('ping').ackd()); thread.unref();",
  })) {
    it(`are let go by an unref() of the thread, ${when} it is addressed`, async () => {
      const inside = "setInterval(() => {}, 1000); app.on('ping', () => 'pong');";
      expect(await run(inside, outside)).to.deep.equal(printed("pong\n"));
    });
  }

  it("are waited for by ready(), also when they were let go by an unref()", async () => {
    const inside = "setTimeout(() => app.on('ping', () => 'pong'), 100);";
    const outside = `
      thread.unref();
      await app.to(thread).ready();
      console.log("ready");`;
    expect(await run(inside, outside)).to.deep.equal(printed("ready\n"));
  });

  it("may remove all listeners: the end is noticed, whoever throws", async () => {
    const outside = `
      process.on("uncaughtException", (error) => console.log(error.message));
      await app.to(thread).emit("ping").ackd();
      const pending = app.to(thread).emit("hang").within(Infinity).ackd();
      thread.removeAllListeners();
      await turn();
      thread.on("exit", () => { throw new Error("somebody's own"); });
      thread.terminate();
      console.log(await pending.catch(({ code }) => code));`;
    const inside = "app.on('ping', listener); app.on('hang', () => new Promise(() => {}));";
    const { output } = await run(inside, outside);
    expect(output).to.equal("somebody's own\nERR_PEER_DIED\n");
  });

  it("hear of an end although an 'exit' listener from before throws", async () => {
    const outside = `
      process.on("uncaughtException", (error) => console.log(error.message));
      thread.on("exit", () => { throw new Error("somebody's own"); });
      const pending = app.to(thread).emit("x").within(Infinity).ackd();
      console.log(await pending.catch(({ code }) => code));`;
    expect(await run("", outside)).to.deep.equal(printed("somebody's own\nERR_PEER_DIED\n"));
  });

  const floods: Record<string, string> = {
    "a message a turn": `
      for (let n = 1; n <= 1000; n++) {
        app.to("parent").emit("n", n);
        await turn();
      }`,
    "all in one tick": `for (let n = 1; n <= 1000; n++) app.to("parent").emit("n", n);`,
    "and waits until they are written": `
      for (let n = 1; n <= 1000; n++) {
        app.to("parent").emit("n", n);
        if (n % 10 === 0) await turn();
      }
      await bus.flushed();`,
  };
  for (const [how, flood] of Object.entries(floods)) {
    it(`lose nothing where the thread emits, ${how}, and ends by itself`, async () => {
      const inside = `
        const turn = () => new Promise(setImmediate);
        (async () => {
          await app.to("parent").emit("go").ackd();
          while (!app.to("parent").peer.isReady("app")) await turn();
          ${flood}
        })();`;
      const outside = `
        const came = [];
        app.on("n", (n) => { came.push(n); });
        // Busy, for longer than the thread takes.
        app.on("go", () => { setTimeout(() => { const until = Date.now() + 300; while (Date.now() < until); }, 5); });
        app.to(thread);
        const [code] = await once(thread, "exit");
        console.log(code, came.length, came.every((n, index) => n === index + 1));`;
      expect(await run(inside, outside)).to.deep.equal(printed("0 1000 true\n"));
    });
  }

  it("tell one dead thread from another", async () => {
    const threads = [new Worker("", { eval: true }), new Worker("", { eval: true })];
    await Promise.all(threads.map((thread) => nextEvent(thread, "exit")));
    const ids = threads.map((thread) => bus.to(thread).peer.id);
    expect(new Set(ids).size).to.equal(2);
    expect(ids.join()).to.match(/^thread:ended-\d+,thread:ended-\d+$/);
  });
});

describe("beside a bus, the user of a port", () => {
  afterEach(endAll);

  /** Runs a program with a port, at whose other end a thread sends back what it gets. The thread keeps nobody alive. */
  function runPort(script: string): Promise<Ended> {
    const echo = `
      const { workerData } = require("node:worker_threads");
      workerData.on("message", (message) => workerData.postMessage(message));`;
    const head = `
      import { once } from "node:events";
      import { MessageChannel, Worker } from "node:worker_threads";
      import { bus } from "clusterphone";
      const app = bus.ns("app");
      const listener = () => 1;
      const { port1: port, port2 } = new MessageChannel();
      const thread = new Worker(process.argv[1], { eval: true, execArgv: [], workerData: port2, transferList: [port2] });
      await once(thread, "online");
      thread.unref();
      process.on("beforeExit", () => console.log("beforeExit"));`;
    return runScript(head + script, [echo]);
  }

  const uses: Record<string, string> = {
    on: `port.on("message", hear)`,
    addEventListener: `port.addEventListener("message", ({ data }) => hear(data))`,
    onmessage: `port.onmessage = ({ data }) => hear(data)`,
  };
  for (const [how, listen] of Object.entries(uses)) {
    it(`is kept alive by a listener of his own, added by ${how}, and told of no end before`, async () => {
      const script = `
        const hear = (message) => {
          if (typeof message !== "string") return;
          console.log(message);
          process.exit();
        };
        app.to(port);
        ${listen};
        port.postMessage("hello");`;
      expect(await runPort(script)).to.deep.equal(printed("hello\n"));
    });
  }

  it("is let go when his own listener is done, before and after the bus", async () => {
    const script = `
      port.once("message", (message) => {
        console.log(message);
        port.once("message", (message) => console.log(message));
        port.postMessage("two");
      });
      port.postMessage("one");
      app.on("x", listener);
      app.to(port);
      app.off("x", listener);`;
    // His own listener may take a frame of the bus, which the other side sends back.
    expect((await runPort(script)).output).to.match(/^one\n(.|\n)*beforeExit\n$/);
  });

  const ends: Record<string, string> = {
    "onmessage = null": `port.onmessage = () => {}; count(); port.onmessage = null; count();`,
    "onmessage = null, and a listener again": `port.onmessage = () => {}; port.onmessage = null; count();
      port.onmessage = () => {}; count(); port.onmessage = null; count();`,
    off: `port.on("message", listener); count(); port.off("message", listener); count();`,
    removeEventListener: `port.addEventListener("message", listener); count();
      port.removeEventListener("message", listener); count();`,
    removeAllListeners: `port.on("message", listener); count(); port.removeAllListeners("message"); count();`,
  };
  for (const [how, end] of Object.entries(ends)) {
    it(`is let go at once, by ${how}`, async () => {
      const { output } = await runPort(`
        const held = [];
        const count = () => held.push(port.hasRef());
        app.to(port);
        ${end}
        console.log(held.join());`);
      const expected = how.includes("again") ? "false,true,false" : "true,false";
      expect(output).to.equal(`${expected}\nbeforeExit\n`);
    });
  }

  it("has the last word with unref(), before and after it is given to the bus", async () => {
    const before = await runPort(`
      port.on("message", () => {});
      port.unref();
      app.on("x", listener);
      app.to(port);`);
    expect(before).to.deep.equal(printed("beforeExit\n"));
    const after = await runPort(`
      app.on("x", listener);
      app.to(port);
      port.on("message", () => {});
      port.unref();
      app.off("x", listener);
      app.on("x", listener);`);
    expect(after).to.deep.equal(printed("beforeExit\n"));
  });

  it("finds it as it was when the bus has gone", async () => {
    const script = `
      app.to(port);
      const own = Object.getOwnPropertyNames(port);
      await bus.close();
      console.log(own.length, Object.getOwnPropertyNames(port), port.listenerCount("message"), port.hasRef());`;
    expect((await runPort(script)).output).to.equal("4 [] 0 false\nbeforeExit\n");
  });

  it("hears each message once, with a once() from before, and what came early also after the bus has gone", async () => {
    const { port1, port2 } = new MessageChannel();
    const first = nextEvent(port1, "message");
    bus.to(port1);
    port2.postMessage("one");
    expect(await first).to.deep.equal(["one"]);
    const second = nextEvent(port1, "message");
    port2.postMessage("two");
    expect(await second).to.deep.equal(["two"]);
    port1.close();
    const script = `
      const other = new MessageChannel();
      app.to(other.port1);
      other.port2.postMessage("early");
      await app.to(other.port1).emit("x").within(50).ackd().catch(() => {});
      await bus.close({ timeout: 1 });
      console.log((await once(other.port1, "message"))[0]);
      process.exit();`;
    expect((await runPort(script)).output).to.equal("early\n");
  });

  it("is told at once of one that was closed before", async () => {
    const { port1, port2 } = new MessageChannel();
    const closed = nextEvent(port1, "close");
    port2.close();
    await closed;
    const error = await rejection(bus.to(port1).emit("x").within(Infinity).ackd());
    expect(error).to.include({ code: "ERR_PEER_DIED", executed: "no" });
    expect(bus.to(port1).peer.state).to.equal("down");
  });
});
