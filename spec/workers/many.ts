// One of many: a worker, a child or a thread that does what its primary asks of all, or of any of them.
import type { Socket } from "node:net";
import { bus } from "../../lib/index.ts";

const name = process.env["BUS_NAME"];
if (name) bus.name = name;

bus.on("pid", () => process.pid);
bus.on("hang", () => new Promise(() => undefined));
bus.on("slow", async (data) => {
  const id = (data as { id?: number } | undefined)?.id;
  if (id !== undefined) {
    bus.to("parent").emit("ran", id);
    bus.flush();
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
  return [process.pid, data];
});
bus.on("socket", (data, message) => {
  const socket = message.handle as Socket;
  socket.on("error", () => undefined);
  socket.end(`${process.pid} got ${String(data)}`);
  return process.pid;
});
bus.on("names", () =>
  [bus.any(["parent"]).peers, bus.all(() => true).peers].map(({ length }) => length),
);
bus.on("ask-up", () => bus.any(["parent"]).emit("above", process.pid).ackd());
bus.on("count", (data) => {
  const view = new Int32Array(data as SharedArrayBuffer);
  return Atomics.add(view, 0, 1);
});
