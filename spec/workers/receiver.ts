// A child that receives handles.
import type { Socket as DatagramSocket } from "node:dgram";
import { closeSync, openSync, readdirSync } from "node:fs";
import { connect, createServer, type Server, Socket } from "node:net";
import { bus } from "../../lib/index.ts";

const order: unknown[] = [];
const shared: { close(): unknown }[] = [];

bus.on("echo", (data) => data);
bus.on("descriptors", () => readdirSync("/proc/self/fd").length);
bus.on("note", (data) => {
  order.push(data);
});
bus.on("noted", () => order.splice(0));
bus.on("socket", (data, message) => {
  const socket = message.handle as Socket;
  order.push(data);
  socket.on("error", () => {});
  socket.on("data", (bytes) => socket.end(`child got ${String(bytes)}`));
  return true;
});
bus.on("collect", (length, message) => {
  const socket = message.handle as Socket;
  let text = "";
  socket.on("data", (bytes) => {
    text += String(bytes);
    if (text.length >= (length as number)) socket.end(text);
  });
});
bus.on("looks-twice", (_, message) => {
  if (message.handle instanceof Socket) message.handle.end("looked twice");
  return message.handle !== undefined;
});
bus.use((message, next) => {
  if (message.direction === "outbound") return next();
  if (message.event === "looked-at" && message.handle === undefined) throw new Error("no handle");
  if (message.event !== "refused") return next();
});
/** Looks at the handle when nobody has heard of it, and while a listener still runs. */
bus.use(async (message, next) => {
  const rest = next();
  if (message.event.startsWith("looked-at-late")) void message.handle;
  await rest;
  if (message.event.startsWith("looked-at-late")) void message.handle;
});
bus.on("looked-at-late", () => new Promise((resolve) => setImmediate(resolve)));
bus.on("takes-late", async (_, message) => {
  await new Promise((resolve) => setImmediate(resolve));
  (message.handle as Socket).end("taken late");
});
bus.on("looked-at", () => "the listener did not look");
bus.on("refused", (_, message) => message.handle);
bus.on("ignores", () => "did not look at the handle");
bus.on("throws", () => {
  throw new Error("before it took the handle");
});
bus.on("server", (_, message) => {
  const server = message.handle as Server;
  shared.push(server);
  server.on("connection", (socket) => socket.end("from the child"));
});
bus.on("datagrams", (_, message) => {
  const socket = message.handle as DatagramSocket;
  shared.push(socket);
  socket.on("message", (bytes, { port }) => socket.send(`child got ${String(bytes)}`, port));
});
bus.on("stop-sharing", () => {
  for (const handle of shared.splice(0)) handle.close();
});
bus.on("send-up", async (port) => {
  const socket = connect(port as number, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  return bus.to("parent").emit("from-below", "up", { handle: socket, queueHandle: true }).ackd();
});
bus.on("send-server-up", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    bus.to("parent").emit("from-below", 1, { handle: server, queueHandle: true });
    return "no error";
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    server.close();
  }
});
bus.on("exhaust", () => {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync("/dev/null", "r"));
  } catch {
    // No descriptor is left.
  }
  bus.once("recover", () => {
    for (const descriptor of taken) closeSync(descriptor);
  });
});
bus.on("send-many-up", async (count) => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const results: Promise<unknown>[] = [];
  for (let i = 0; i < (count as number); i++) {
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    const options = { handle: socket, queueHandle: true };
    results.push(bus.to("parent").emit("from-below", i, options).ackd());
  }
  const replies = await Promise.all(results);
  server.close();
  return replies;
});
bus.on("open-late", () => {
  const late = bus.ns("late");
  late.on("echo", (data) => data);
  late.on("socket", (_, message) => {
    const socket = message.handle as Socket;
    socket.on("data", (bytes) => socket.end(`child got ${String(bytes)}`));
    return true;
  });
});
