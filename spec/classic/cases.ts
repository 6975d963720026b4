import type { Worker } from "node:cluster";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import type {
  Acknowledge,
  ClassicError,
  Clusterphone,
  Namespace,
} from "../../lib/classic/types.ts";
import { rejection, turn } from "../support/buses.ts";

/** What a case works with, in the primary. Its workers run `spec/workers/classic-worker.ts`. */
export interface Stage {
  readonly phone: Clusterphone;
  readonly app: Namespace;
  /** One for all cases that do it no harm. */
  readonly worker: Worker;
  /** A new one, for this case alone. */
  fork(): Worker;
}

/** What version 1 documents, as code of version 1. */
export interface Case {
  readonly title: string;
  /** Version 1 got it wrong: it needs classic on this side, or on both. */
  readonly needs?: "classic worker" | "classic primary" | "classic";
  run(stage: Stage): Promise<unknown>;
}

/** A connection that this process has accepted, and its other end. */
async function connection(): Promise<{ accepted: Socket; client: Socket }> {
  const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as { port: number }).port, "127.0.0.1");
  const [accepted] = (await once(server, "connection")) as [Socket];
  server.close();
  return { accepted, client };
}

/** Waits until what is sent to the worker is not queued any more. */
const online = (worker: Worker) => once(worker, "clusterphone:online");

export const cases: Case[] = [
  {
    title: "queues what is sent before the worker is up, in order",
    async run({ app, fork }) {
      const worker = fork();
      for (let n = 0; n < 20; n++) app.sendTo(worker, "note", n);
      const noted = await app.sendTo(worker, "noted").ackd();
      expect(noted).to.deep.equal(Array.from({ length: 20 }, (_, n) => n));
    },
  },
  {
    title: "replies by promise and by callback, with what a handler resolves to or acknowledges",
    async run({ app, worker }) {
      const payload = { list: [1, { two: 2 }], text: "ä", nothing: null };
      for (const cmd of ["echo", "ack", "ack-later"]) {
        expect(await app.sendTo(worker, cmd, payload).acknowledged(), cmd).to.deep.equal(payload);
      }
      const [error, reply] = await new Promise<unknown[]>((resolve) => {
        void app.sendTo(worker, "echo", 5).ackd((...parameters) => resolve(parameters));
      });
      expect([error ?? null, reply]).to.deep.equal([null, 5]);
    },
  },
  {
    title: "takes ack(null, reply) and ack(error) as Node's style",
    needs: "classic worker",
    async run({ app, worker }) {
      expect(await app.sendTo(worker, "node-style", { a: 1 }).ackd()).to.deep.equal({ a: 1 });
      for (const [cmd, message] of [
        ["node-style-error", "out of it"],
        ["error-alone", "alone"],
      ]) {
        const error = await rejection(app.sendTo(worker, cmd as string).ackd());
        expect(error.message).to.equal(`Message handler threw an error: ${message}`);
      }
    },
  },
  {
    title: "tells what a handler threw or rejected with, and where",
    async run({ app, worker }) {
      for (const [cmd, message] of [
        ["throws", "thrown here"],
        ["rejects", "rejected here"],
      ]) {
        const error = (await rejection(app.sendTo(worker, cmd as string).ackd())) as ClassicError;
        expect(error.message).to.equal(`Message handler threw an error: ${message}`);
        expect(error.origMessage).to.equal(message);
        expect(error.origStack).to.match(/^ {4}at .*classic-worker/m);
        expect(error.origStack).to.not.include(`${message}`);
      }
      const [error] = await new Promise<unknown[]>((resolve) => {
        void app.sendTo(worker, "throws").ackd((...parameters) => resolve(parameters));
      });
      expect((error as ClassicError).origMessage).to.equal("thrown here");
    },
  },
  {
    title: "survives a handler that throws what is no Error",
    needs: "classic worker",
    async run({ app, worker }) {
      const error = await rejection(app.sendTo(worker, "throws-null").ackd());
      expect(error.message).to.equal("Message handler threw an error: null");
      expect(await app.sendTo(worker, "echo", "alive").ackd()).to.equal("alive");
    },
  },
  {
    title: "acknowledges once, however often a handler does",
    async run({ app, worker }) {
      expect(await app.sendTo(worker, "twice").ackd()).to.equal("first");
    },
  },
  {
    title: "says that a command has no handler",
    async run({ app, worker }) {
      const error = await rejection(app.sendTo(worker, "unheard-of").ackd());
      expect(error.message).to.equal("Unhandled message type");
    },
  },
  {
    title: "takes names that JavaScript gives a meaning for plain names",
    needs: "classic",
    async run({ phone, worker }) {
      for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
        const { sendTo } = phone.ns(name);
        await phone.ns("app").sendTo(worker, "opens", name).ackd();
        expect(await sendTo(worker, "where").ackd()).to.equal(name);
        expect((await rejection(sendTo(worker, name).ackd())).message, name).to.equal(
          "Unhandled message type",
        );
      }
    },
  },
  {
    title: "times out where a handler does not acknowledge",
    async run({ app, phone, worker }) {
      await app.sendTo(worker, "echo").ackd();
      const error = await rejection(app.sendTo(worker, "never").within(60).ackd());
      expect(error.message).to.match(
        /^(Timed out waiting for acknowledgement|operation timed out)/i,
      );
      const before = phone.ackTimeout;
      phone.ackTimeout = 61;
      const other = await rejection(app.sendTo(worker, "never").ackd());
      expect(other.message).to.match(/timed out/i);
      phone.ackTimeout = before;
      expect(before).to.equal(10_000);
    },
  },
  {
    title: "lets within() and ackd() be called until the next turn, and not later",
    async run({ app, worker }) {
      await app.sendTo(worker, "echo").ackd();
      const sent = app.sendTo(worker, "echo", "within the turn");
      await new Promise<void>((resolve) => process.nextTick(resolve));
      const reply = sent.within("5000").ackd();
      expect(() => sent.within(1)).to.throw("within() must be called *before* acknowledged()");
      expect(await reply).to.equal("within the turn");
      const late = app.sendTo(worker, "echo");
      expect(() => late.within("soon")).to.throw("Timeout must be a number");
      await turn();
      for (const call of [() => late.within(5), () => late.ackd(), () => late.acknowledged()]) {
        expect(call).to.throw("only valid immediately after sending a message");
      }
    },
  },
  {
    title: "tells when the worker dies before it acknowledged, and refuses a dead one",
    async run({ app, fork }) {
      const worker = fork();
      const error = await rejection(app.sendTo(worker, "dies").ackd());
      expect(error.message).to.equal(
        "Undeliverable message: worker died before we could get acknowledgement",
      );
      if (!worker.isDead()) await once(worker, "exit");
      expect(() => app.sendTo(worker, "echo")).to.throw(
        "Worker is dead. Can't send message to it.",
      );
    },
  },
  {
    title: "survives a worker whose channel closes before it acknowledged",
    needs: "classic worker",
    async run({ app, fork }) {
      const worker = fork();
      const exited = once(worker, "exit");
      await rejection(app.sendTo(worker, "lets-go").ackd());
      expect((await exited)[0]).to.equal(0);
    },
  },
  {
    title: "checks what it is called with",
    async run({ phone, app, worker }) {
      expect(() => app.sendTo(undefined as never, "echo")).to.throw(
        TypeError,
        "Worker must be specified",
      );
      expect(() => app.sendTo(worker, "")).to.throw(TypeError, "Command is required.");
      expect(() => phone.ns("")).to.throw(TypeError, "Name is required for namespaced messaging.");
      expect(() => phone.ns("clusterphone")).to.throw(
        "The 'clusterphone' namespace name is private. Sorry.",
      );
      expect(phone.ns("app")).to.equal(app);
      expect([phone.name, app.name]).to.deep.equal(["_", "app"]);
    },
  },
  {
    title: "keeps namespaces apart",
    async run({ phone, app, worker }) {
      expect(await phone.sendTo(worker, "where").ackd()).to.equal("_");
      expect(await app.sendTo(worker, "where").ackd()).to.equal("app");
    },
  },
  {
    title: "lets a namespace of the worker open late",
    needs: "classic worker",
    async run({ phone, app, fork }) {
      const worker = fork();
      await app.sendTo(worker, "echo").ackd();
      const early = phone.ns("late").sendTo(worker, "where").ackd();
      await app.sendTo(worker, "opens", "late").ackd();
      expect(await early).to.equal("late");
    },
  },
  {
    title: "answers what a worker asks, with the worker as first parameter",
    async run({ app, worker }) {
      const heard: unknown[] = [];
      app.handlers["double"] = (from, data) => {
        heard.push(from === worker);
        return Promise.resolve((data as number) * 2);
      };
      app.handlers["ack"] = (_worker, data, _fd, ack) => (ack as Acknowledge)(data);
      app.handlers["fails"] = () => {
        throw new Error("not today");
      };
      const ask = (cmd: string, payload?: unknown) =>
        app.sendTo(worker, "asks", { cmd, payload }).ackd();
      expect(await ask("double", 21)).to.equal(42);
      expect(heard).to.deep.equal([true]);
      expect(await ask("ack", { a: [1] })).to.deep.equal({ a: [1] });
      expect(await ask("fails")).to.deep.equal({
        failed: "Message handler threw an error: not today",
      });
      expect(await ask("unheard-of")).to.deep.equal({ failed: "Unhandled message type" });
    },
  },
  {
    title: "lets a namespace of the primary open late",
    needs: "classic",
    async run({ phone, app, fork }) {
      const worker = fork();
      const question = { ns: "late-up", cmd: "where" };
      const early = app.sendTo(worker, "asks", question).ackd();
      await app.sendTo(worker, "echo").ackd();
      phone.ns("late-up").handlers["where"] = () => Promise.resolve("opened");
      expect(await early).to.equal("opened");
    },
  },
  {
    title: "says so when a namespace is opened by nobody",
    async run({ app, phone, worker }) {
      const question = { ns: "nobody's", cmd: "where" };
      expect(await app.sendTo(worker, "asks", question).ackd()).to.deep.equal({
        failed: "Unknown namespace.",
      });
      const down = await rejection(phone.ns("nobody's either").sendTo(worker, "where").ackd());
      expect(down.message).to.equal("Unknown namespace.");
    },
  },
  {
    title: "keeps the order of what a worker sends",
    async run({ app, worker }) {
      const counted: number[] = [];
      app.handlers["count"] = (_, n) => {
        counted.push(n as number);
      };
      app.handlers["counted"] = () => Promise.resolve(counted.length);
      expect(await app.sendTo(worker, "counts-up", 500).ackd()).to.equal(500);
      expect(counted).to.deep.equal(Array.from({ length: 500 }, (_, n) => n + 1));
    },
  },
  {
    title: "hands a descriptor over, to a worker that is ready",
    async run({ app, fork }) {
      const { accepted, client } = await connection();
      const worker = fork();
      expect(() => app.sendTo(worker, "socket", "early", accepted)).to.throw(
        TypeError,
        "You tried to send an FD to a worker that isn't online yet.",
      );
      await online(worker);
      const taken = app.sendTo(worker, "socket", "one", accepted).ackd();
      expect(await text(client)).to.equal("the worker got one");
      expect(await taken).to.equal("taken");
    },
  },
  {
    title: "queues a descriptor if it is forced to, in order",
    async run({ app, fork }) {
      const worker = fork();
      const { accepted, client } = await connection();
      app.sendTo(worker, "note", "before");
      app.sendTo(worker, "socket", "the socket", accepted, true);
      app.sendTo(worker, "note", "after");
      expect(await text(client)).to.equal("the worker got the socket");
      expect(await app.sendTo(worker, "noted").ackd()).to.deep.equal([
        "before",
        "the socket",
        "after",
      ]);
    },
  },
  {
    title: "hands over a socket that is still connecting, and says so if it does not connect",
    needs: "classic primary",
    async run({ app, worker }) {
      await app.sendTo(worker, "echo").ackd();
      const server = createServer().listen(0);
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      const accepted = once(server, "connection");
      const reply = app.sendTo(worker, "socket", "it", connect(port, "localhost")).ackd();
      app.sendTo(worker, "note", "after");
      const [other] = (await accepted) as [Socket];
      expect(await text(other)).to.equal("the worker got it");
      expect(await reply).to.equal("taken");
      expect(await app.sendTo(worker, "noted").ackd()).to.deep.equal(["it", "after"]);
      server.close();
      await once(server, "close");
      const refused = app.sendTo(worker, "socket", "x", connect(port, "127.0.0.1")).ackd();
      expect((await rejection(refused)).message).to.include("ECONNREFUSED");
    },
  },
  {
    title: "closes a descriptor that the handler did not look at",
    needs: "classic worker",
    async run({ app, worker }) {
      const { accepted, client } = await connection();
      const reply = app.sendTo(worker, "ignores-fd", "x", accepted, true).ackd();
      expect(await text(client)).to.equal("");
      expect(await reply).to.equal("did not look");
    },
  },
  {
    title: "reads the payload at the call",
    async run({ app, worker }) {
      const payload = { n: 1 };
      await app.sendTo(worker, "echo").ackd();
      const first = app.sendTo(worker, "echo", payload).ackd();
      payload.n = 2;
      expect(await first).to.deep.equal({ n: 1 });
    },
  },
];
