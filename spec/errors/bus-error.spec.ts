import { inspect } from "node:util";
import { expect } from "chai";
import sinon from "sinon";
import { type BusError, queueing } from "../../lib/index.ts";
import { type BusPair, busPair, nextEvent, rejection } from "../support/buses.ts";
import { runScript } from "../support/processes.ts";

describe("errors of the bus", () => {
  let pair: BusPair;
  const about = { namespace: "app", peer: "memory:left" };

  beforeEach(() => {
    pair = busPair();
  });

  describe("say which event, namespace and peer they are about", () => {
    it("of every message that fails, whatever ended it", async () => {
      const app = pair.a.ns("app").to(pair.toB);
      const aborted = AbortSignal.abort(new Error("enough"));
      const here = pair.b.ns("app");
      here.on("throws", () => {
        throw new Error("no");
      });
      here.on("reply", () => 1n);
      for (const event of ["waits", "late"]) here.on(event, () => new Promise(() => undefined));
      pair.b.use(({ event, direction }, next) => {
        if (event === "refused" && direction === "inbound") throw new Error("not in");
        return next();
      });
      const cases: [string, string, Promise<unknown>][] = [
        ["throws", "ERR_REMOTE", app.emit("throws").ackd()],
        ["reply", "ERR_NOT_SERIALIZABLE", app.emit("reply").ackd()],
        ["missing", "ERR_UNHANDLED", app.emit("missing").ackd()],
        ["refused", "ERR_REFUSED", app.emit("refused").ackd()],
        ["data", "ERR_NOT_SERIALIZABLE", app.emit("data", 1n).ackd()],
        ["late", "ERR_ACK_TIMEOUT", app.emit("late").within(20).ackd()],
        ["stopped", "ERR_CANCELLED", app.emit("stopped", 1, { signal: aborted }).ackd()],
      ];
      const errors = await Promise.all(cases.map(([, , promise]) => rejection(promise)));
      for (const [index, [event, code]] of cases.entries()) {
        expect(errors[index]).to.include({ ...about, event, code });
      }
      const cut = app.emit("waits").ackd();
      await pair.a.flushed();
      pair.cut({ exitCode: 3 });
      const died = { ...about, event: "waits", code: "ERR_PEER_DIED", exitCode: 3 };
      expect(await rejection(cut)).to.include(died);
      const unsent = await rejection(app.emit("later").ackd());
      expect(unsent).to.include({ ...died, event: "later", executed: "no" });
    });

    it("of what has no room, of what has closed, and of what nobody asked for", async () => {
      pair.a.use(queueing({ messages: 0 }));
      const app = pair.a.ns("app").to(pair.toB);
      const full = await rejection(app.emit("x").ackd());
      expect(full).to.include({ ...about, event: "x", code: "ERR_QUEUE_FULL" });
      const undelivered = nextEvent(pair.a.lifecycle, "undelivered");
      app.emit("y");
      expect((await undelivered)[0]).to.include({ ...about, event: "y", code: "ERR_QUEUE_FULL" });
      await pair.a.close();
      const closed = await rejection(app.emit("z").ackd());
      expect(closed).to.include({ ...about, event: "z", code: "ERR_CLOSED" });
    });

    it("of a peer that goes, the peer", async () => {
      const down = nextEvent(pair.a.lifecycle, "down");
      pair.cut();
      const [, error] = await down;
      expect(error).to.include({ code: "ERR_PEER_DIED", peer: "memory:left" });
      expect(error).to.not.have.any.keys("event", "namespace");
      const none = await rejection(pair.a.to("parent").emit("x").ackd());
      expect(none).to.include({ code: "ERR_NO_PEER", event: "x", namespace: "_", peer: "parent" });
    });

    it("where they are printed, too", async () => {
      const error = await rejection(pair.a.to("parent").emit("x").ackd());
      expect(inspect(error)).to.match(/event: 'x',\s+namespace: '_',\s+peer: 'parent'/);
    });
  });

  describe("show who emitted the message, if they are asked to", () => {
    const failures = async (): Promise<BusError[]> => {
      pair.b.on("throws", () => {
        throw new Error("no");
      });
      const told = nextEvent(pair.a.lifecycle, "undelivered");
      pair.a.to(pair.toB).emit("nobody asks", 1n);
      const { code } = await rejection(emitsHere());
      expect(code).to.equal("ERR_REMOTE");
      return [(await told)[0] as BusError, (await rejection(emitsHere())) as unknown as BusError];
    };
    async function emitsHere(): Promise<unknown> {
      await Promise.resolve();
      return await pair.a.to(pair.toB).emit("throws").ackd();
    }

    it("by bus.stacks, above emit, and with its asynchronous callers", async () => {
      pair.a.stacks = true;
      const [undelivered, remote] = await failures();
      expect(undelivered?.stack).to.match(
        /^BusError \[ERR_NOT_SERIALIZABLE\]: .*\n {4}at \S*failures/,
      );
      const [head, first] = remote?.stack?.split("\n") ?? [];
      expect(head).to.equal(`BusError [ERR_REMOTE]: ${remote?.message}`);
      expect(first).to.match(/at async emitsHere|at emitsHere/);
      expect(first).to.include("bus-error.spec");
      expect(remote?.stack).to.include("failures");
    });

    it("and not otherwise", async () => {
      expect(pair.a.stacks).to.equal(false);
      const capture = sinon.spy(Error, "captureStackTrace");
      for (const { stack, code, message } of await failures()) {
        expect(stack).to.equal(`BusError [${code}]: ${message}`);
      }
      expect(capture.args.flat()).to.not.include(pair.a.to(pair.toB).emit);
      capture.restore();
    });

    it("of one setting for the process, which is true or false", () => {
      expect(() => Object.assign(pair.a, { stacks: 1 })).to.throw(TypeError, /stacks must be true/);
      pair.a.ns("app").stacks = true;
      expect(pair.a.stacks).to.equal(true);
    });

    it("where the message waited as text, too", async () => {
      const { a, toB, cut } = busPair();
      a.stacks = true;
      const reported: BusError[] = [];
      a.lifecycle.on("undelivered", (error) => reported.push(error));
      const down = nextEvent(a.lifecycle, "down");
      for (let index = 0; index < 100; index++) a.to(toB).emit("waits", index);
      cut();
      await down;
      expect(reported).to.have.length(100);
      for (const { stack } of reported) expect(stack).to.include("bus-error.spec");
    });

    it("by NODE_DEBUG=clusterphone", async () => {
      const script = `
        import { bus } from "clusterphone";
        async function mine() {
          await bus.to("parent").emit("x").ackd();
        }
        await mine().catch(({ stack }) => console.log(stack));`;
      const { output } = await runScript(script, [], { NODE_DEBUG: "clusterphone" });
      expect(output).to.match(/BusError \[ERR_NO_PEER\].*\n {4}at mine /);
      expect((await runScript(script)).output).to.not.include("at mine");
    });
  });
});
