import { expect } from "chai";
import { told } from "../support/programs.ts";
import { besideEachOther } from "../support/relay.ts";

const ANCESTORS = ["1.0.1", "0.1.0-4"];
/** In ms; on a busy machine a process may take longer to start than version 1 waits for an ack. */
const PATIENCE = 200_000;

/** A primary that uses the bus, and has loaded classic. */
const BUS = `
  await import("clusterphone/classic");
  const { bus } = await import("clusterphone");
  const app = bus.ns("app");
  const worker = cluster.fork();
  const target = app.to(worker);
  const outcome = ({ code, executed, cause, exitCode }) => [code, executed, cause?.message, exitCode];
`;

for (const version of ANCESTORS) {
  describe(`the bus of a primary and a worker with ${version}`, () => {
    const it = besideEachOther();

    const run = (script: string) => told(BUS + script, "classic-worker", [version]);

    it("messages wait for the worker, arrive in order, and are answered", async () => {
      const results = await run(`
        for (let n = 0; n < 100; n++) target.emit("note", n);
        tell(target.peer.isReady("app"));
        const noted = await target.emit("noted").ackd();
        tell(noted.every((n, index) => n === index) && noted.length);
        tell(target.peer.isReady("app"));
        tell(await target.emit("ack", { list: [1, { two: 2 }], none: null }).ackd());
        tell(await target.emit("ack").ackd());
        tell(await target.emit("ack", null).ackd());
        end();`);
      expect(results).to.deep.equal([
        false,
        100,
        true,
        { list: [1, { two: 2 }], none: null },
        "undefined",
        null,
      ]);
    });

    it("every receipt settles, and says whether a handler ran", async () => {
      const results = await run(`
        const fails = async (...parameters) => tell(outcome(await reject(target.emit(...parameters).within(5000).ackd())));
        await fails("throws");
        await fails("unheard-of");
        await fails("echo", { big: 1n });
        tell(outcome(await reject(target.emit("never").within(50).ackd())));
        tell(outcome(await reject(bus.ns("nobody's").to(worker).emit("x").within(50).ackd())));
        tell(outcome(await reject(target.emit("never", 1, { signal: AbortSignal.timeout(20) }).ackd())));
        const pending = reject(target.emit("never").ackd());
        await fails("dies");
        tell(outcome(await pending));
        await fails("echo");
        end();`);
      expect(results.slice(0, 2)).to.deep.equal([
        ["ERR_REMOTE", "yes", "thrown here", null],
        ["ERR_UNHANDLED", "no", null, null],
      ]);
      expect((results[2] as unknown[])[0]).to.equal("ERR_NOT_SERIALIZABLE");
      expect(results.slice(3, 5)).to.deep.equal([
        ["ERR_ACK_TIMEOUT", "maybe", null, null],
        ["ERR_ACK_TIMEOUT", "no", null, null],
      ]);
      expect((results[5] as unknown[]).slice(0, 2)).to.deep.equal(["ERR_CANCELLED", "maybe"]);
      expect(results.slice(6)).to.deep.equal([
        ["ERR_PEER_DIED", "maybe", null, 7],
        ["ERR_PEER_DIED", "maybe", null, 7],
        ["ERR_PEER_DIED", "no", null, 7],
      ]);
    });

    it("what cannot be encoded fails alone: its neighbours arrive once, in order", async () => {
      const results = await run(`
        await target.emit("echo").ackd();
        const sent = Array.from({ length: 9 }, (_, n) => target.emit("note", n % 3 === 1 ? { n, big: 1n } : { n }).ackd());
        for (const each of sent) each.catch(() => undefined);
        tell((await target.emit("noted").ackd()).map(({ n }) => n));
        tell((await reject(sent[1])).code);
        end();`);
      expect(results).to.deep.equal([[0, 2, 3, 5, 6, 8], "ERR_NOT_SERIALIZABLE"]);
    });

    it("many messages to a worker that is busy arrive, in order", async () => {
      const results = await run(`
        await target.emit("echo").ackd();
        worker.process.kill("SIGSTOP");
        for (let n = 0; n < 20_000; n++) target.emit("note", n);
        const noted = target.emit("noted").ackd();
        await turn();
        worker.process.kill("SIGCONT");
        const numbers = await noted;
        tell(numbers.every((n, index) => n === index) && numbers.length);
        end();`);
      expect(results).to.deep.equal([20_000]);
    });

    it("descriptors arrive between their neighbours, and none leaks", async () => {
      const results = await run(`
        const { readdirSync } = await import("node:fs");
        await target.emit("echo").ackd();
        const descriptors = () => readdirSync("/proc/self/fd").length;
        const before = descriptors();
        for (let n = 0; n < 5; n++) {
          const { accepted, client } = await connection();
          target.emit("note", "before");
          const taken = target.emit("socket", n, { handle: accepted }).ackd();
          target.emit("note", "after");
          tell(await text(client));
          tell(await taken);
        }
        tell(await target.emit("noted").ackd());
        while (descriptors() > before) await turn();
        end();`);
      const each = (n: number) => [`the worker got ${n}`, "taken"];
      expect(results.slice(0, 10)).to.deep.equal([0, 1, 2, 3, 4].flatMap(each));
      expect(results[10]).to.deep.equal([0, 1, 2, 3, 4].flatMap((n) => ["before", n, "after"]));
    });

    it("a descriptor under way is closed when the worker is killed", async () => {
      const results = await run(`
        await target.emit("echo").ackd();
        worker.process.kill("SIGSTOP");
        const { accepted, client } = await connection();
        const taken = reject(target.emit("socket", 1, { handle: accepted }).ackd());
        await turn();
        worker.process.kill("SIGKILL");
        tell(outcome(await taken).slice(0, 2));
        client.on("error", () => undefined);
        if (!client.closed) await once(client.resume(), "close");
        tell(accepted.destroyed);
        end();`);
      expect(results).to.deep.equal([["ERR_PEER_DIED", "maybe"], true]);
    });

    it("a worker's messages reach the listeners, through the middleware, and are answered", async () => {
      const results = await run(`
        const crossed = [];
        app.use((message, next) => {
          if (message.direction === "inbound" && message.kind === "event") crossed.push(message.event, message.peer.id);
          if (message.event === "refused") return;
          return next();
        });
        app.on("double", (n) => n * 2);
        app.on("quiet", () => undefined);
        app.on("fails", () => { throw new RangeError("not today"); });
        app.on("fails-oddly", () => { throw undefined; });
        app.on("bad-reply", () => 1n);
        for (const cmd of ["double", "quiet", "fails", "fails-oddly", "bad-reply", "refused", "unheard-of", "__proto__"]) {
          tell(await target.emit("asks", { cmd, payload: 21 }).ackd());
        }
        tell(crossed.slice(0, 4));
        end();`);
      const failed = results.map((each) => (each as { failed?: string } | null)?.failed);
      expect(results.slice(0, 2)).to.deep.equal([42, "undefined"]);
      expect(failed.slice(2, 4)).to.deep.equal([
        "Message handler threw an error: not today",
        "Message handler threw an error: undefined",
      ]);
      expect(failed[4]).to.include("cannot be encoded");
      expect(failed[5]).to.include("was dropped");
      expect(failed.slice(6, 8)).to.deep.equal([
        "Unhandled message type",
        "Unhandled message type",
      ]);
      expect(results[8]).to.deep.equal(["double", "worker:1", "quiet", "worker:1"]);
    });

    it("a namespace of either side may open late", async () => {
      const results = await run(`
        const late = bus.ns("late").to(worker).emit("where").ackd();
        const up = target.emit("asks", { ns: "late-up", cmd: "where" }).ackd();
        await target.emit("echo").ackd();
        bus.ns("late-up").on("where", () => "above");
        await target.emit("opens", "late").ackd();
        tell(await late);
        tell(await up);
        end();`);
      expect(results).to.deep.equal(["late", "above"]);
    });

    it("lifecycle tells of the worker and its namespaces", async () => {
      const results = await run(`
        const seen = [];
        for (const event of ["up", "ready", "down"]) {
          bus.lifecycle.on(event, (peer, what) => seen.push([event, peer.id, typeof what === "string" ? what : what?.code]));
        }
        const online = once(worker, "clusterphone:online");
        await target.emit("echo").ackd();
        await online;
        await reject(target.emit("dies").ackd());
        tell(seen);
        end();`);
      expect(results[0]).to.deep.equal([
        ["up", "worker:1", null],
        ["ready", "worker:1", "_"],
        ["ready", "worker:1", "app"],
        ["down", "worker:1", "ERR_PEER_DIED"],
      ]);
    });

    it("what waits for a worker that does not read is bounded", async () => {
      const results = await run(`
        bus.limits.pending = 2 ** 20;
        await target.emit("echo").ackd();
        worker.process.kill("SIGSTOP");
        const codes = {};
        const sent = Array.from({ length: 4000 }, () => reject(target.emit("note", "x".repeat(1000)).ackd()));
        worker.process.kill("SIGKILL");
        for (const { code } of await Promise.all(sent)) codes[code] = (codes[code] ?? 0) + 1;
        tell(Object.keys(codes).sort());
        tell(codes.ERR_QUEUE_FULL > 1000);
        end();`);
      expect(results).to.deep.equal([["ERR_PEER_DIED", "ERR_QUEUE_FULL"], true]);
    });
  });

  describe(`a primary with ${version} and the bus of a worker`, () => {
    const it = besideEachOther();

    const run = (script: string) =>
      told(
        `const phone = require("clusterphone-${version}");
         phone.ackTimeout = ${PATIENCE};
         const app = phone.ns("app");
         const worker = cluster.fork();
         const send = (...parameters) => app.sendTo(worker, ...parameters).ackd();
         ${script}`,
        "classic-bus",
        ["classic"],
      );

    it("messages wait for the worker, arrive in order, and are answered", async () => {
      const results = await run(`
        for (let n = 0; n < 100; n++) app.sendTo(worker, "note", n);
        const noted = await send("noted");
        tell(noted.every((n, index) => n === index) && noted.length);
        tell(await send("echo", { list: [1, { two: 2 }] }));
        tell(await send("nothing"));
        const error = await reject(send("throws"));
        tell([error.message, error.origMessage, /classic-bus/.test(error.origStack)]);
        tell((await reject(send("bad-reply"))).message.includes("cannot be encoded"));
        tell((await reject(send("unheard-of"))).message);
        end();`);
      expect(results).to.deep.equal([
        100,
        { list: [1, { two: 2 }] },
        "undefined",
        ["Message handler threw an error: thrown here", "thrown here", true],
        true,
        "Unhandled message type",
      ]);
    });

    it("descriptors arrive, and are closed where nobody takes them", async () => {
      const results = await run(`
        for (const cmd of ["socket", "ignores-fd"]) {
          const { accepted, client } = await connection();
          const reply = app.sendTo(worker, cmd, "one", accepted, true).ackd();
          tell(await text(client));
          tell(await reply);
        }
        end();`);
      expect(results).to.deep.equal(["the worker got one", "taken", "", "did not look"]);
    });

    it("the worker's messages are answered, and settle with a code", async () => {
      const results = await run(`
        app.handlers.double = (from, n) => Promise.resolve(from === worker && n * 2);
        app.handlers.ack = (from, data, fd, ack) => ack(data);
        app.handlers.fails = () => { throw new Error("not today"); };
        app.handlers.never = () => "no answer";
        const ask = (cmd, payload, rest) => send("asks", { cmd, payload, ...rest });
        tell(await ask("double", 21));
        tell(await ask("ack", { a: [1] }));
        tell(await ask("fails"));
        tell(await ask("unheard-of"));
        tell((await ask("never", 1, { within: 50 })).code);
        const { code, executed, message } = await ask("x", 1, { ns: "nobody's", within: 300 });
        tell([code, executed, /is not open/.test(message)]);
        end();`);
      expect(results).to.deep.equal([
        42,
        { a: [1] },
        {
          code: "ERR_REMOTE",
          executed: "yes",
          message: "parent: Message handler threw an error: not today",
          cause: "not today",
        },
        { code: "ERR_UNHANDLED", executed: "no", message: "parent: Unhandled message type" },
        "ERR_ACK_TIMEOUT",
        ["ERR_ACK_TIMEOUT", "no", true],
      ]);
    });

    it("a namespace of either side may open late", async () => {
      const results = await run(`
        const up = send("asks", { ns: "late-up", cmd: "where" });
        await send("echo");
        // Version 1 sends at once, because another namespace of the worker is ready.
        const late = phone.ns("late").sendTo(worker, "where").ackd();
        await send("echo");
        phone.ns("late-up").handlers.where = () => Promise.resolve("above");
        await send("opens", "late");
        tell(await late);
        tell(await up);
        end();`);
      expect(results).to.deep.equal(["late", "above"]);
    });

    it("a worker that says nothing else is heard, in order, and what cannot be encoded fails alone", async () => {
      const results = await run(`
        const counted = [];
        app.handlers.count = (_, { n }) => { counted.push(n); return Promise.resolve(n); };
        tell(await send("many", 9));
        tell(counted);
        end();`);
      expect(results).to.deep.equal([
        [0, "ERR_NOT_SERIALIZABLE", 2, 3, "ERR_NOT_SERIALIZABLE", 5, 6, "ERR_NOT_SERIALIZABLE", 8],
        [0, 2, 3, 5, 6, 8],
      ]);
    });

    it("the worker's death is told", async () => {
      const results = await run(`
        tell((await reject(send("dies"))).message);
        end();`);
      expect(results).to.deep.equal([
        "Undeliverable message: worker died before we could get acknowledgement",
      ]);
    });
  });
}
