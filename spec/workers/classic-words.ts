// A primary, and a worker of it, that make the calls of version 1 which fail. The primary prints how each failed: thrown or
// rejected, with an error of which class and with which text.
import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import type { Acknowledge, ClassicError, Sent } from "../../lib/classic/types.ts";
import { load } from "../support/phones.ts";

/** A call, and how it failed. */
type Failure = readonly [call: string, how: string, type: string, text: string, original?: unknown];

const [mine = "", theirs = ""] = process.argv.slice(2);
const phone = load(mine);
const app = phone.ns("app");
const failures: Failure[] = [];

/** Makes a call that returns a promise, or throws before. */
async function note(call: string, make: () => unknown): Promise<void> {
  let how = "thrown";
  try {
    const made = make();
    how = "rejected";
    await (made as PromiseLike<unknown>);
    failures.push([call, "did not fail", "", ""]);
  } catch (error) {
    const { name, message, origMessage } = error as ClassicError;
    const type = error instanceof TypeError ? "TypeError" : name;
    failures.push([call, how, type, message, origMessage]);
  }
}

const circle: { self?: unknown } = {};
circle.self = circle;

/** What fails in the same way wherever it is sent from. */
async function noteSending(send: (cmd: unknown, payload?: unknown, ns?: string) => Sent) {
  for (const nothing of [undefined, null, "", 0, []]) {
    await note(`no command: ${JSON.stringify(nothing)}`, () => send(nothing));
  }
  for (const time of [undefined, "bacon", 0, Number.NaN]) {
    await note(`within(${time})`, () => send("echo").within(time as number));
  }
  const asked = send("echo");
  void asked.ackd();
  await note("within() after ackd()", () => asked.within(5));
  const late = send("echo");
  await turn();
  await note("within() a turn later", () => late.within(5));
  await note("ackd() a turn later", () => late.ackd());
  await note("acknowledged() a turn later", () => late.acknowledged());
  for (const cmd of ["throws", "rejects", "unheard-of"]) {
    await note(cmd, () => send(cmd).ackd());
  }
  // To send is to open it here.
  const unknown = cluster.isPrimary ? "not there" : "not here";
  await note("an unknown namespace", () => send("echo", 1, unknown).ackd());
  for (const payload of [{ big: 1n }, circle])
    await note("a payload", () => send("echo", payload).ackd());
  // Each namespace counts its messages by itself.
  for (const ns of ["app", "other", "app"]) {
    await note(`never, in ${ns}`, () => send("never", 1, ns).within(60).ackd());
  }
}

/** What both sides do with what they hear. */
for (const { handlers } of [app, phone.ns("other")]) {
  // In the primary the worker comes first.
  const place = cluster.isPrimary ? 1 : 0;
  handlers["echo"] = (...parameters) => Promise.resolve(parameters[place]);
  handlers["never"] = () => undefined;
  handlers["throws"] = () => {
    throw new RangeError("thrown here");
  };
  handlers["rejects"] = () => Promise.reject(new RangeError("rejected here"));
  handlers["twice"] = (...parameters) => {
    const ack = parameters[place + 2] as Acknowledge;
    ack("first");
    ack("second");
  };
}

async function inPrimary(): Promise<void> {
  cluster.setupPrimary({ args: [theirs], execArgv: [] });
  for (const name of ["", undefined, null, "clusterphone"]) {
    await note(`ns(${String(name)})`, () => phone.ns(name as string));
  }
  for (const worker of [undefined, null]) {
    await note(`to ${String(worker)}`, () => app.sendTo(worker as never, "echo"));
  }
  const worker = cluster.fork();
  for (const fd of [new Socket(), { fd: 123 }]) {
    await note("a descriptor, too early", () => app.sendTo(worker, "echo", 1, fd as Socket));
  }
  await once(worker, "clusterphone:online");
  await note("what is no descriptor", () => app.sendTo(worker, "echo", 1, { fd: 123 } as never));
  await noteSending((cmd, payload, ns = "app") =>
    phone.ns(ns).sendTo(worker, cmd as string, payload),
  );
  failures.push(...(await app.sendTo(worker, "fails-in-worker").ackd<Failure[]>()));
  await noteDeath(worker);
  process.stdout.write(JSON.stringify(failures));
}

async function noteDeath(worker: Worker): Promise<void> {
  const exited = once(worker, "exit");
  await note("a worker that dies", () => app.sendTo(worker, "dies").ackd());
  await exited;
  await note("a worker that is dead", () => app.sendTo(worker, "echo"));
}

if (cluster.isPrimary) {
  await inPrimary();
} else {
  app.handlers["dies"] = () => process.exit(7);
  app.handlers["fails-in-worker"] = async () => {
    await noteSending((cmd, payload, ns = "app") =>
      phone.ns(ns).sendToMaster(cmd as string, payload),
    );
    await note("what is no descriptor", () =>
      app.sendToMaster("echo", 1, { fd: 123 } as never).ackd(),
    );
    return failures.map(([call, ...rest]) => [`${call}, in the worker`, ...rest]);
  };
}
