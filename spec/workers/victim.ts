// A child that can be told to end in many ways.
import { spawn } from "node:child_process";
import { bus } from "../../lib/index.ts";

bus.on("pid", () => process.pid);
bus.on("hang", () => new Promise(() => {}));
bus.on("exit", (code) => process.exit(code as number));
bus.on("throw", () => {
  process.nextTick(() => {
    throw new Error("an uncaught one");
  });
  return new Promise(() => {});
});
bus.on("disconnect", () => {
  setInterval(() => {}, 1000);
  // After the listeners of the tick, as a channel that is read must not be closed.
  setImmediate(() => process.disconnect());
  return new Promise(() => {});
});
bus.on("break-off", () => {
  process.send?.("x".repeat(5_000_000));
  process.kill(process.pid, "SIGSTOP");
});
bus.on("leave-the-channel-open", async () => {
  const channel = (process.channel as unknown as { fd: number }).fd;
  const holder = spawn("sleep", ["30"], { stdio: ["ignore", "ignore", "ignore", channel] });
  bus.to("parent").emit("holds-the-channel", holder.pid);
  await bus.flushed();
  process.exit(5);
});
bus.on("echo", (data) => data);
bus.on("say-and-exit", (count, message) => {
  const replies: Promise<unknown>[] = [];
  for (let i = 0; i < (count as number); i++) bus.to(message.peer).emit("said", i);
  void Promise.all(replies)
    .then(() => bus.flushed())
    .then(() => process.exit(0));
  return new Promise(() => {});
});
