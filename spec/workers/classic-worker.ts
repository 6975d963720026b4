// A cluster worker with handlers of version 1, served by the copies of clusterphone that it is told to load.
import type { Socket } from "node:net";
import type { Acknowledge } from "../../lib/classic/types.ts";
import { load } from "../support/phones.ts";

const [copies = ""] = process.argv.slice(2);
const phone = load(copies);
const app = phone.ns("app");
const noted: unknown[] = [];

/** What the primary wants to be asked. */
interface Question {
  readonly ns?: string;
  readonly cmd: string;
  readonly payload?: unknown;
  readonly within?: number;
}

for (const { handlers, name } of [phone, app]) {
  handlers["where"] = () => Promise.resolve(name);
}
app.handlers["echo"] = (data) => Promise.resolve(data);
app.handlers["ack"] = (data, _fd, ack) => (ack as Acknowledge)(data);
app.handlers["ack-later"] = (data, _fd, ack) => {
  setImmediate(() => (ack as Acknowledge)(data));
};
app.handlers["node-style"] = (data, _fd, ack) => (ack as Acknowledge)(null, data);
app.handlers["node-style-error"] = (_data, _fd, ack) => {
  (ack as Acknowledge)(new RangeError("out of it"), "ignored");
};
app.handlers["error-alone"] = (_data, _fd, ack) => (ack as Acknowledge)(new RangeError("alone"));
app.handlers["twice"] = (_data, _fd, ack) => {
  (ack as Acknowledge)("first");
  (ack as Acknowledge)("second");
};
app.handlers["throws"] = () => {
  throw new RangeError("thrown here");
};
app.handlers["throws-null"] = () => {
  throw null;
};
app.handlers["rejects"] = () => Promise.reject(new RangeError("rejected here"));
app.handlers["never"] = () => "which is no answer";
app.handlers["dies"] = () => process.exit(7);
app.handlers["lets-go"] = (_data, _fd, ack) => {
  process.disconnect();
  setImmediate(() => (ack as Acknowledge)("too late"));
};
app.handlers["note"] = (data) => {
  noted.push(data);
};
app.handlers["noted"] = () => Promise.resolve(noted.splice(0));
app.handlers["socket"] = (data, fd, ack) => {
  noted.push(data);
  (fd as Socket).end(`the worker got ${String(data)}`);
  (ack as Acknowledge)("taken");
};
app.handlers["ignores-fd"] = (_data) => Promise.resolve("did not look");
app.handlers["asks"] = (question) => {
  const { ns = "app", cmd, payload, within = 10_000 } = question as Question;
  return phone
    .ns(ns)
    .sendToMaster(cmd, payload)
    .within(within)
    .ackd()
    .catch((error: Error) => ({ failed: error.message }));
};
app.handlers["counts-up"] = (most) => {
  for (let n = 1; n <= (most as number); n++) app.sendToMaster("count", n);
  return app.sendToMaster("counted").ackd();
};
app.handlers["many-up"] = (cmd) =>
  Promise.all([1, 2, 3].map((n) => app.sendToMaster(cmd as string, n).ackd()));
app.handlers["opens"] = (name) => {
  const late = phone.ns(name as string);
  late.handlers["where"] = () => Promise.resolve(late.name);
  return Promise.resolve("opened");
};
