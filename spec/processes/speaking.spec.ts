import { fork } from "node:child_process";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import { bus } from "../../lib/index.ts";
import { nextEvent } from "../support/buses.ts";
import { endAll, ended, entryOf, start } from "../support/processes.ts";

describe("a child's bus", () => {
  afterEach(endAll);

  it("says nothing to a parent that has not spoken, and stays", async () => {
    const child = start("silent", ["listens"]);
    const messages: unknown[] = [];
    child.on("message", (message) => messages.push(message));
    child.send("how is it?");
    await nextEvent(child, "message");
    expect(messages).to.deep.equal([{ peers: 0, says: "how is it?" }]);
    expect(await bus.to(child).emit("peers").ackd()).to.deep.equal(["parent"]);
  });

  it("says nothing in a thread to a parent that has not spoken, and stays", async () => {
    const thread = new Worker(entryOf("silent"), { argv: ["listens"] });
    const messages: unknown[] = [];
    thread.on("message", (message) => messages.push(message));
    thread.postMessage("how is it?");
    await nextEvent(thread, "message");
    expect(messages).to.deep.equal([{ peers: 0, says: "how is it?" }]);
    expect(await bus.to(thread).emit("peers").ackd()).to.deep.equal(["parent"]);
    await thread.terminate();
  });

  it("is reached also where somebody else in the child has taken the first hello", async () => {
    const child = start("identity", ["own"]);
    expect(await bus.to(child).emit("who").ackd()).to.equal(child.pid);
  });

  for (const others of ["child", "thread", "worker"]) {
    it(`does not keep a program for an unheard parent that has a ${others} of its own`, async () => {
      const main = fork(entryOf("silent"), ["has", others], { execArgv: [], silent: true });
      const messages: unknown[] = [];
      main.on("message", (message) => messages.push(message));
      expect(await ended(main)).to.deep.equal({
        code: 0,
        signal: null,
        output: `${others} answered\n`,
      });
      expect(messages).to.deep.equal([]);
    });
  }

  it("keeps it for a parent that has spoken, and lists it", async () => {
    const main = fork(entryOf("silent"), ["has", "child"], { execArgv: [], silent: true });
    const end = ended(main);
    await bus.to(main).emit("peers").ackd();
    if (main.stdout) await nextEvent(main.stdout, "data");
    // Its own child has ended, but somebody may ask.
    expect(await bus.to(main).emit("peers").ackd()).to.include("parent");
    await bus.to(main).emit("let go").ackd();
    expect(await end).to.include({ code: 0, signal: null });
  });
});
