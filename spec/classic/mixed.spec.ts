import { expect } from "chai";
import { told } from "../support/programs.ts";
import { besideEachOther } from "../support/relay.ts";

/** Tells what a worker says: `1` for messages of version 1, `2` for our frames. */
const LISTEN = `
  const said = new Set();
  function listenTo(worker) {
    worker.on("message", (message) => {
      if (message?.__clusterphone) said.add("1");
      if (message?.clusterphone2) said.add("2");
    });
    const { send } = worker.process;
    worker.process.send = (message, ...rest) => {
      if (message?.__clusterphone) said.add("to it: 1");
      if (message?.clusterphone2) said.add("to it: 2");
      return send.call(worker.process, message, ...rest);
    };
  }
`;

describe("a process that has not loaded classic", () => {
  const it = besideEachOther();

  it("never speaks version 1, nor answers it", async () => {
    const results = await told(
      `${LISTEN}
      const phone = require("clusterphone-1.0.1");
      const worker = cluster.fork();
      listenTo(worker);
      // It says hello, and is said nothing to.
      await once(worker, "message");
      const sent = phone.ns("app").sendTo(worker, "echo", 1).within(100).ackd();
      worker.send({ __clusterphone: { ns: "app", cmd: "echo", seq: 1, payload: 1 } });
      tell((await reject(sent)).message.startsWith("Timed out"));
      tell([...said].sort());
      end();`,
      "classic-bus",
    );
    expect(results).to.deep.equal([true, ["2", "to it: 1"]]);
  });

  it("in the primary talks to a worker with classic by frames", async () => {
    const results = await told(
      `${LISTEN}
      const { bus } = await import("clusterphone");
      const worker = cluster.fork();
      listenTo(worker);
      tell(await bus.ns("app").to(worker).emit("echo", "hello").ackd());
      tell([said.has("to it: 1"), said.has("to it: 2"), process.__clusterphone === undefined]);
      end();`,
      "classic-bus",
      ["classic"],
    );
    expect(results).to.deep.equal(["hello", [false, true, true]]);
  });
});

describe("two processes with classic", () => {
  const it = besideEachOther();

  it("talk by frames, and the one says in version 1 only that it is there", async () => {
    const results = await told(
      `${LISTEN}
      const phone = require("clusterphone/classic");
      const worker = cluster.fork();
      const heard = [];
      worker.on("message", ({ __clusterphone: body }) => body && heard.push([body.ns, body.cmd, body.payload.targetNs]));
      listenTo(worker);
      phone.ns("app").handlers.who = () => Promise.resolve("the primary");
      tell(await phone.ns("app").sendTo(worker, "asks", { cmd: "who" }).ackd());
      tell(said.has("to it: 1"));
      tell(heard.sort());
      end();`,
      "classic-worker",
      ["classic"],
    );
    expect(results).to.deep.equal([
      "the primary",
      false,
      [
        ["clusterphone", "workerReady", "_"],
        ["clusterphone", "workerReady", "app"],
      ],
    ]);
  });
});

describe("a process with version 1 and a bus without classic", () => {
  const it = besideEachOther();

  it("as a worker is spoken to in either way", async () => {
    const results = await told(
      `${LISTEN}
      require("clusterphone/classic");
      const { bus } = await import("clusterphone");
      const worker = cluster.fork();
      listenTo(worker);
      tell(await bus.ns("old").to(worker).emit("echo", "in version 1").ackd());
      tell(said.has("to it: 1"));
      said.clear();
      tell(await bus.ns("app").to(worker).emit("echo", "by frames").ackd());
      tell(said.has("to it: 1"));
      bus.ns("old").on("who", (_, message) => "the bus of " + message.namespace);
      tell(await bus.ns("old").to(worker).emit("asks", "who").ackd());
      bus.ns("app").on("who", (_, message) => "the bus of " + message.namespace);
      tell(await bus.ns("app").to(worker).emit("asks", { cmd: "who" }).ackd());
      // In the default namespace there are both: our frames win.
      tell(await bus.to(worker).emit("both").ackd());
      end();`,
      "classic-bus",
      ["1.0.1"],
    );
    expect(results).to.deep.equal([
      "in version 1",
      true,
      "by frames",
      false,
      "the bus of old",
      "the bus of app",
      "the bus",
    ]);
  });

  it("as a primary is spoken to in either way", async () => {
    const results = await told(
      `const phone = require("clusterphone-1.0.1");
      const { bus } = await import("clusterphone");
      phone.ns("old").handlers.who = () => Promise.resolve("version 1");
      bus.ns("new").on("who", () => "the bus");
      const worker = cluster.fork();
      const ask = (ns) => phone.ns("app").sendTo(worker, "asks", { ns, cmd: "who" }).ackd();
      tell(await ask("old"));
      tell(await ask("new"));
      tell(await bus.ns("app").to(worker).emit("echo", "from the bus").ackd());
      end();`,
      "classic-worker",
      ["classic"],
    );
    expect(results).to.deep.equal(["version 1", "the bus", "from the bus"]);
  });
});

describe("a process with version 1, then classic, and the bus", () => {
  const it = besideEachOther();

  it("answers once, and by whom a namespace belongs to", async () => {
    const results = await told(
      `const phone = require("clusterphone-1.0.1");
      const worker = cluster.fork();
      const answers = [];
      worker.on("message", ({ __clusterphone: body }) => body?.ack && answers.push([body.ns, body.reply]));
      tell(await phone.ns("app").sendTo(worker, "echo", "by the bus").ackd());
      tell(await phone.ns("old").sendTo(worker, "echo", "by version 1").ackd());
      tell(await phone.ns("app").sendTo(worker, "noted").ackd());
      tell(answers);
      end();`,
      "classic-bus",
      ["1.0.1+classic"],
    );
    expect(results).to.deep.equal([
      "by the bus",
      "by version 1",
      [],
      [
        ["app", "by the bus"],
        ["old", "by version 1"],
        ["app", []],
      ],
    ]);
  });
});

describe("classic that is loaded late", () => {
  const it = besideEachOther();

  it("in a primary reaches a worker with version 1 that was ready long before", async () => {
    const results = await told(
      `const worker = cluster.fork();
      // It has told everybody who listened.
      await new Promise((resolve) => worker.on("message", ({ __clusterphone: body }) => {
        if (body?.payload?.targetNs === "app") resolve();
      }));
      await turn();
      const phone = require("clusterphone/classic");
      tell(await phone.ns("app").sendTo(worker, "echo", "late").ackd());
      end();`,
      "classic-worker",
      ["1.0.1"],
    );
    expect(results).to.deep.equal(["late"]);
  });

  it("teaches the links that the bus had before, and tells of its namespaces", async () => {
    const results = await told(
      `const { bus } = await import("clusterphone");
      const worker = cluster.fork();
      bus.ns("app").on("who", () => "the bus");
      const pending = bus.ns("app").to(worker).emit("asks", { cmd: "who" }).ackd();
      await import("clusterphone/classic");
      tell(await pending);
      end();`,
      "classic-worker",
      ["0.1.0-4"],
    );
    expect(results).to.deep.equal(["the bus"]);
  });
});

describe("classic", () => {
  const it = besideEachOther();

  it("says nothing in version 1 to a process that only forked this one, and lets it end by itself", async () => {
    const results = await told(
      `const { fork } = await import("node:child_process");
      const child = fork(entry, ["classic"], { execArgv: [] });
      const said = [];
      child.on("message", (message) => said.push(...Object.keys(message)));
      tell((await once(child, "exit"))[0]);
      tell([...new Set(said)]);
      end();`,
      "classic-loads",
    );
    expect(results).to.deep.equal([0, []]);
  });

  it("is one in all copies of the package", async () => {
    const results = await told(
      `const { cpSync, rmSync } = await import("node:fs");
      const { pathToFileURL } = await import("node:url");
      const { default: phone } = await import("clusterphone/classic");
      const folder = "dist/copy-" + process.pid;
      cpSync("dist/lib", folder, { recursive: true });
      const copy = await import(pathToFileURL(folder + "/classic/index.js"));
      rmSync(folder, { recursive: true });
      tell([copy.default === phone, require("clusterphone/classic") === phone, cluster.listenerCount("fork")]);
      end();`,
    );
    expect(results).to.deep.equal([[true, true, 2]]);
  });
});

describe("the end of a process", () => {
  const it = besideEachOther();

  for (const version of ["classic", "1.0.1", "0.1.0-4"]) {
    it(`settles what a worker waits for when its primary with ${version} goes`, async () => {
      // The primary of the worker is a child of the program, so that it can go.
      const results = await told(
        `const { fork } = await import("node:child_process");
        const stdio = ["ignore", "pipe", "inherit", "ipc"];
        const primary = fork(entry, ["${version}"], { execArgv: [], stdio });
        // Its worker prints to the same pipe, which ends with the last of them.
        const printed = text(primary.stdout);
        primary.on("message", (message) => message === "asked" && primary.kill("SIGKILL"));
        tell(await printed);
        end();`,
        "classic-orphan",
      );
      expect(results).to.deep.equal([
        "Undeliverable message: master died before we could get acknowledgement",
      ]);
    });
  }

  it("by close() lets running handlers finish, and tells version 1 what it does not take", async () => {
    const results = await told(
      `await import("clusterphone/classic");
      const { bus } = await import("clusterphone");
      const app = bus.ns("app");
      const worker = cluster.fork();
      let finish;
      const begun = new Promise((resolve) => app.on("slow", () => {
        resolve();
        return new Promise((done) => { finish = done; });
      }));
      const slow = app.to(worker).emit("asks", { cmd: "slow" }).ackd();
      await begun;
      const closed = bus.close();
      finish("finished");
      tell(await slow);
      await closed;
      tell(worker.listenerCount("message"));
      end();`,
      "classic-worker",
      ["1.0.1"],
    );
    expect(results[0]).to.equal("finished");
  });

  it("is not delayed by messages that nobody asks after", async () => {
    const results = await told(
      `const phone = require("clusterphone/classic");
      const { bus } = await import("clusterphone");
      const worker = cluster.fork();
      const app = phone.ns("app");
      await app.sendTo(worker, "echo").ackd();
      for (let n = 0; n < 10; n++) app.sendTo(worker, "never");
      await turn();
      const before = performance.now();
      await bus.close();
      tell(performance.now() - before < 5000);
      end();`,
      "classic-worker",
      ["classic"],
    );
    expect(results).to.deep.equal([true]);
  });

  it("is not delayed by handlers that never acknowledge", async () => {
    const results = await told(
      `const phone = require("clusterphone/classic");
      const { bus } = await import("clusterphone");
      const worker = cluster.fork();
      let count = 0;
      phone.ns("app").handlers.count = function (worker, n) { count++; };
      phone.ns("app").handlers.counted = () => Promise.resolve(count);
      tell(await phone.ns("app").sendTo(worker, "counts-up", 5000).ackd());
      const before = performance.now();
      await bus.close();
      tell(performance.now() - before < 5000);
      end();`,
      "classic-worker",
      ["1.0.1"],
    );
    expect(results).to.deep.equal([5000, true]);
  });
});
