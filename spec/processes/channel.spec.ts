import { fork } from "node:child_process";
import { expect } from "chai";
import { bus, isFrame } from "../../lib/index.ts";
import { nextEvent, rejection } from "../support/buses.ts";
import { type Ended, endAll, runScript } from "../support/processes.ts";

const INSIDE = `
  const { bus } = require("clusterphone");
  const app = bus.ns("app");
`;

/** Runs a parent that starts a child with `inside` and then does what `outside` says. */
function run(inside: string, outside: string): Promise<Ended> {
  const script = `
    import { spawn } from "node:child_process";
    import { once } from "node:events";
    import { bus, isFrame } from "clusterphone";
    const app = bus.ns("app");
    const stdio = ["ignore", "inherit", "inherit", "ipc"];
    const child = spawn(process.execPath, ["-e", process.argv[1]], { stdio });
    ${outside}`;
  return runScript(script, [INSIDE + inside]);
}

const printed = (output: string) => ({ code: 0, signal: null, output });

describe("a channel that a bus shares", () => {
  afterEach(endAll);

  it("brings others' messages exactly once, also to a once() from before", async () => {
    const inside = `
      process.send("one");
      process.on("message", (message) => {
        if (message === "go on") process.send("two", () => process.disconnect());
      });`;
    const outside = `
      const first = once(child, "message");
      app.to(child);
      console.log((await first)[0]);
      child.send("go on");
      console.log((await once(child, "message"))[0]);`;
    expect(await run(inside, outside)).to.deep.equal(printed("one\ntwo\n"));
  });

  it("keeps what nobody has heard, also after the bus has gone", async () => {
    const inside = `
      app.on("close", () => { setImmediate(() => bus.close({ timeout: 1 }).then(listen)); });
      const listen = () => process.on("message", (message) => {
        console.log(message);
        process.disconnect();
      });`;
    const outside = `
      child.send("early");
      await app.to(child).emit("close").ackd();
      await once(child, "exit");`;
    expect(await run(inside, outside)).to.deep.equal(printed("early\n"));
  });

  for (const event of ["message", "disconnect"]) {
    it(`keeps a child as long as it listens that has removed all listeners of "${event}"`, async () => {
      const inside = `
        app.to("parent");
        process.removeAllListeners("${event}");
        const listener = (message) => {
          if (message !== "end") return;
          process.send("got it");
          process.off("message", listener);
        };
        process.on("message", listener);
        process.send("listens");`;
      const outside = `
        const said = [];
        child.on("message", (message) => {
          if (isFrame(message)) return;
          said.push(message);
          // Long after it would have ended.
          if (message === "listens") setTimeout(() => child.send("end"), 300);
        });
        console.log(await once(child, "exit"), said);`;
      expect((await run(inside, outside)).output).to.equal("[ 0, null ] [ 'listens', 'got it' ]\n");
    });
  }

  it("still carries what the bus says where somebody removes all listeners", async () => {
    const inside = `
      app.on("add", ([a, b]) => a + b);
      app.on("deaf", () => { process.removeAllListeners(); });`;
    const outside = `
      await app.to(child).emit("deaf").ackd();
      child.removeAllListeners();
      console.log(await app.to(child).emit("add", [1, 2]).ackd());
      child.kill("SIGKILL");`;
    expect((await run(inside, outside)).output).to.equal("3\n");
  });

  it("tells of the end where somebody has removed all listeners", async () => {
    const inside = "app.on('hang', () => new Promise(() => {})); app.on('ping', () => 1);";
    const outside = `
      await app.to(child).emit("ping").ackd();
      const pending = app.to(child).emit("hang").within(Infinity).ackd();
      child.removeAllListeners();
      child.kill("SIGKILL");
      const { code, signal } = await pending.catch((error) => error);
      console.log(code, signal, bus.peers.length);`;
    expect(await run(inside, outside)).to.deep.equal(printed("ERR_PEER_DIED SIGKILL 0\n"));
  });

  it("tells of the end although an 'exit' listener from before throws", async () => {
    const outside = `
      process.on("uncaughtException", (error) => console.log(error.message));
      child.on("exit", () => { throw new Error("somebody's own"); });
      const pending = app.to(child).emit("x").within(Infinity).ackd();
      const { code, exitCode } = await pending.catch((error) => error);
      console.log(code, exitCode);`;
    expect(await run("process.exit(7)", outside)).to.deep.equal(
      printed("somebody's own\nERR_PEER_DIED 7\n"),
    );
  });

  it("keeps the parent no longer than its last child does", async () => {
    const inside = "process.disconnect();";
    const outside = `
      app.to(child);
      child.on("disconnect", () => setImmediate(() => setImmediate(tell)));
      const tell = () => console.log(process.getActiveResourcesInfo().filter((name) => name === "Timeout"));`;
    expect(await run(inside, outside)).to.deep.equal(printed("[]\n"));
  });

  const wrapped: Record<string, string> = {
    "the callback": "(message) => original(message)",
    "the callback and what it returns": "(message) => { original(message); }",
  };
  for (const [what, wrapper] of Object.entries(wrapped)) {
    for (const when of ["before", "after"]) {
      it(`goes on where a program wraps send ${when} the bus has used it, and drops ${what}`, async () => {
        const inside = `
          const original = process.send.bind(process);
          const wrap = () => { process.send = ${wrapper}; };
          if ("${when}" === "before") wrap();
          app.on("wrap", wrap);
          app.on("add", ([a, b]) => a + b);`;
        const outside = `
          await app.to(child).emit("wrap").ackd();
          let right = 0;
          for (let n = 0; n < 200; n++) {
            const sum = await app.to(child).emit("add", [n, 1]).within(Infinity).ackd();
            if (sum === n + 1) right++;
          }
          console.log(right);
          child.kill();`;
        expect(await run(inside, outside)).to.deep.equal(printed("200\n"));
      });
    }
  }

  it("waits for callbacks where they come, though the other side reads nothing for a while", async () => {
    const inside = "app.on('ping', () => 1);";
    const outside = `
      await app.to(child).emit("ping").ackd();
      child.kill("SIGSTOP");
      // More than the system takes, and less than what makes send() return false.
      for (let n = 0; n < 40; n++) app.to(child).emit("ping", "x".repeat(7000));
      let isFlushed = false;
      const flushed = bus.flushed().then(() => { isFlushed = true; });
      await new Promise((resolve) => setTimeout(resolve, 500));
      console.log(isFlushed);
      child.kill("SIGCONT");
      await flushed;
      console.log(isFlushed);
      child.kill("SIGKILL");`;
    expect(await run(inside, outside)).to.deep.equal(printed("false\ntrue\n"));
  });

  it("says of a child that was never started that it was not, and why", async () => {
    const children = [1, 2].map(() => fork("x", { execPath: "/no/such/program" }));
    const errors = children.map((child) => nextEvent(child, "error"));
    const ids = children.map((child) => bus.to(child).peer.id);
    expect(new Set(ids).size).to.equal(2);
    expect(ids.join()).to.match(/^child:unstarted-\d+,child:unstarted-\d+$/);
    const [child] = children as [(typeof children)[0]];
    const error = await rejection(bus.to(child).emit("x").within(Infinity).ackd());
    const [[cause]] = (await Promise.all(errors)) as [[Error]];
    expect(error).to.include({ code: "ERR_PEER_DIED", executed: "no", cause });
    expect(error.message).to.match(/was never started: spawn .* ENOENT$/);
    const late = fork("x", { execPath: "/no/such/program" });
    await nextEvent(late, "error");
    const lateError = await rejection(bus.to(late).emit("x").ackd());
    expect(lateError.message).to.match(/was never started: ENOENT$/);
  });

  it("carries frames that can be told from other messages", async () => {
    const outside = `
      const [hello] = await once(child, "message");
      console.log(isFrame(hello), [{}, null, undefined, 1, "clusterphone2", []].some(isFrame));
      child.kill("SIGKILL");`;
    expect((await run("app.to('parent').emit('x')", outside)).output).to.equal("true false\n");
    expect(isFrame({ clusterphone2: [] })).to.equal(true);
  });
});
