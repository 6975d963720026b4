import { expect } from "chai";
import { told } from "../support/programs.ts";
import { besideEachOther } from "../support/relay.ts";

/** A primary with classic, and a worker that says in version 1 what the spec likes. */
const RAW = `
  await import("clusterphone/classic");
  const { bus } = await import("clusterphone");
  const app = bus.ns("app");
  app.on("echo", (data) => data);
  const worker = cluster.fork();
  const heard = [];
  worker.on("message", (message) => { if (message.heard) heard.push(message.heard); });
  await once(worker, "message");
  const say = (...bodies) => worker.send({ say: bodies.map((body) => ({ __clusterphone: body })) });
  /** Resolves to the acks the worker has heard until it was answered itself. */
  let last = 2 ** 30;
  async function answers() {
    const seq = ++last;
    say({ ns: "app", cmd: "echo", seq, payload: "end" });
    while (!heard.some((each) => each.__clusterphone?.ack === seq)) await once(worker, "message");
    return heard.splice(0).flatMap((each) => each.__clusterphone ?? []).filter(({ ack }) => ack < seq);
  }
  const protocolErrors = [];
  bus.lifecycle.on("protocolError", (error) => protocolErrors.push(error.code));
`;

describe("what claims to be version 1", () => {
  const it = besideEachOther();

  const run = (script: string) => told(RAW + script, "classic-raw");

  it("is counted and ignored where it makes no sense", async () => {
    const results = await run(`
      const junk = [null, 5, "x", [], {}, { ns: 5, cmd: "echo", seq: 1 }, { ns: "app" }, { ns: "", cmd: "echo", seq: 1 },
        { ns: "app", cmd: "echo" }, { ns: "app", cmd: "echo", seq: -1 }, { ns: "app", cmd: "echo", seq: 1e300 },
        { ns: "app", cmd: "echo", seq: "1" }, { ns: "app", cmd: ["echo"], seq: 1 }, { ns: "app", cmd: "x".repeat(5000), seq: 1 },
        { ns: "app", ack: -1 }, { ns: "app", ack: "x" }, { ns: "app", ack: 1.5 },
        { ns: "clusterphone", cmd: "workerReady", seq: 1, payload: null },
        { ns: "clusterphone", cmd: "workerReady", seq: 1, payload: { targetNs: 5 } }];
      say(...junk);
      tell(await answers());
      tell([protocolErrors.length - junk.length, [...new Set(protocolErrors)], bus.peers[0].protocolErrors - junk.length]);
      // Late, for somebody else, or for nobody: nothing to complain of.
      say({ ns: "app", ack: 5, reply: 1 }, { ns: "app", ack: 2 ** 33 + 7, error: 5 }, { ns: "__proto__", ack: 1 });
      tell(await answers());
      tell(protocolErrors.length - junk.length);
      end();`);
    expect(results).to.deep.equal([[], [0, ["ERR_PROTOCOL"], 0], [], 0]);
  });

  it("gets no further than a name", async () => {
    const results = await run(`
      bus.ns("__proto__").on("constructor", () => "plain");
      await turn();
      await turn();
      say({ ns: "__proto__", cmd: "constructor", seq: 1 }, { ns: "__proto__", cmd: "toString", seq: 2 },
        { ns: "clusterphone", cmd: "anything", seq: 3 },
        { ns: "clusterphone", cmd: "workerReady", seq: 4, payload: { targetNs: "__proto__" } });
      const told = (await answers()).sort((one, other) => one.ack - other.ack);
      tell(told.map(({ ack, reply, error }) => [ack, reply ?? null, error ?? null]));
      tell(bus.peers[0].isReady("__proto__"));
      tell(Object.keys(Object.prototype));
      end();`);
    expect(results).to.deep.equal([
      [
        [1, "plain", null],
        [2, null, "Unhandled message type"],
        [3, null, "Unhandled message type"],
      ],
      true,
      [],
    ]);
  });

  it("announces namespaces, unless it says that frames announce them, too", async () => {
    const results = await run(`
      const ready = (payload) => say({ ns: "clusterphone", cmd: "workerReady", seq: 1, payload });
      ready({ targetNs: "old" });
      ready({ targetNs: "new", version: 2 });
      await answers();
      tell(["old", "new"].map((name) => bus.peers[0].isReady(name)));
      end();`);
    expect(results).to.deep.equal([[true, false]]);
  });

  it("waits for a namespace within bounds", async () => {
    const results = await run(`
      const events = Array.from({ length: 1200 }, (_, n) => ({ ns: n % 2 ? "opens" : "never", cmd: "x", seq: n + 1 }));
      say(...events);
      const refused = await answers();
      tell([refused.length, new Set(refused.map(({ error }) => error)).size, refused[0].error]);
      bus.ns("opens").on("x", () => 1);
      await turn();
      await turn();
      tell((await answers()).length);
      end();`);
    expect(results).to.deep.equal([[200, 1, "Unknown namespace."], 500]);
  });

  it("makes up no more namespaces than there may be", async () => {
    const results = await run(`
      say(...Array.from({ length: 10_100 }, (_, n) => (
        { ns: "clusterphone", cmd: "workerReady", seq: 1, payload: { targetNs: "n" + n } })));
      await answers();
      tell(protocolErrors.length >= 100);
      end();`);
    expect(results).to.deep.equal([true]);
  });

  it("leaves no handle open that came with it", async () => {
    const results = await run(`
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address();
      const bodies = [null, { ns: "app" }, { ns: "app", cmd: "unheard-of", seq: 1 }, { ns: "app", cmd: "echo", seq: 2 },
        { ns: "app", ack: 7 }, { ns: "clusterphone", cmd: "workerReady", seq: 3, payload: { targetNs: "app" } }];
      for (const body of bodies) {
        const connected = once(server, "connection");
        worker.send({ port, say: [{ __clusterphone: body }] });
        const [accepted] = await connected;
        if (!accepted.closed) await once(accepted.resume().on("error", () => undefined), "close");
        tell("closed");
      }
      server.close();
      end();`);
    expect(results).to.deep.equal(Array(6).fill("closed"));
  });

  it("leaves others' messages on the channel alone", async () => {
    const results = await run(`
      const others = [];
      worker.on("message", (message) => { if (!message.heard && !message.__clusterphone) others.push(message); });
      worker.send({ say: [{ clusterphone: 1 }, { other: { __clusterphone: {} } }, "text"] });
      await answers();
      tell(others);
      end();`);
    expect(results).to.deep.equal([
      [{ clusterphone: 1 }, { other: { __clusterphone: {} } }, "text"],
    ]);
  });
});
