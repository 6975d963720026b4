// A cluster worker that uses the bus, after it has loaded the copies that it is told to load; or none of them.
import cluster from "node:cluster";
import type { Socket } from "node:net";
import { bus } from "../../lib/index.ts";
import { load } from "../support/phones.ts";

const [copies = ""] = process.argv.slice(2);
if (copies) {
  const old = load(copies).ns("old");
  old.handlers["echo"] = (data) => Promise.resolve(data);
  old.handlers["asks"] = (cmd) => old.sendToMaster(cmd as string).ackd();
}
const app = bus.ns("app");
const noted: unknown[] = [];

bus.on("both", () => "the bus");
app.on("echo", (data) => data);
app.on("nothing", () => undefined);
app.on("throws", () => {
  throw new RangeError("thrown here");
});
app.on("never", () => new Promise(() => {}));
app.on("dies", () => process.exit(7));
app.on("bad-reply", () => ({ big: 1n }));
app.on("note", (data) => {
  noted.push(data);
});
app.on("noted", () => noted.splice(0));
app.on("socket", (data, message) => {
  noted.push(data);
  (message.handle as Socket).end(`the worker got ${String(data)}`);
  return "taken";
});
app.on("ignores-fd", () => "did not look");
app.on("opens", (name) => {
  bus.ns(name as string).on("where", () => name);
  return "opened";
});
app.on("asks", async (question) => {
  const { ns = "app", cmd, payload, within = 10_000 } = question as Record<string, unknown>;
  const target = bus.ns(ns as string).to("parent");
  try {
    return await target
      .emit(cmd as string, payload)
      .within(within as number)
      .ackd();
  } catch (error) {
    const { code, executed, message, cause } = error as Error & Record<string, unknown>;
    return { code, executed, message, cause: (cause as Error | undefined)?.message };
  }
});
app.on("many", async (count) => {
  const target = app.to("parent");
  const sent = Array.from({ length: count as number }, (_, n) => {
    const payload = n % 3 === 1 ? { n, big: 1n } : { n };
    return target.emit("count", payload).ackd();
  });
  const results = await Promise.allSettled(sent);
  return results.map((each) =>
    each.status === "fulfilled" ? each.value : (each.reason as { code: string }).code,
  );
});
app.on("id", () => cluster.worker?.id);
