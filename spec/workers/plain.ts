// A child whose parent has no bus, or that has nothing to do with one: prints what it got.
const [how] = process.argv.slice(2);

if (how === "imports") {
  const before = Object.keys(process).length + process.eventNames().length;
  await import("../../lib/index.ts");
  const after = Object.keys(process).length + process.eventNames().length;
  if (before !== after) process.exitCode = 3;
} else if (how === "times-out") {
  const { bus } = await import("../../lib/index.ts");
  const error = await bus
    .to("parent")
    .emit("x")
    .within(60)
    .ackd()
    .catch((caught: Error) => caught as Error & { code: string; executed: string });
  const { code, executed, message } = error as { code: string; executed: string; message: string };
  process.stdout.write(`${code} ${executed} ${message}\n`);
} else if (how === "listens-and-lets-go") {
  const { bus } = await import("../../lib/index.ts");
  const listener = () => 1;
  bus.on("x", listener);
  process.stdout.write("listening\n");
  const onMessage = (message: unknown) => {
    if (message !== "let go") return;
    process.off("message", onMessage);
    bus.off("x", listener);
    process.stdout.write("let go\n");
  };
  process.on("message", onMessage);
} else if (how === "speaks-only") {
  const { bus } = await import("../../lib/index.ts");
  await bus.to("parent").emit("hit", 1).ackd();
} else if (how === "waits-for-ever") {
  const { bus } = await import("../../lib/index.ts");
  const answer = await bus.to("parent").emit("slow-hit").within(Infinity).ackd();
  process.stdout.write(`${String(answer)}\n`);
} else if (how === "speaks-into-a-broken-channel") {
  const { bus } = await import("../../lib/index.ts");
  process.disconnect();
  const error = await bus
    .to("parent")
    .emit("hit")
    .ackd()
    .catch((caught: Error) => caught as Error & { code: string });
  process.stdout.write(`${(error as { code: string }).code}\n`);
} else if (how === "own-listener") {
  const { bus } = await import("../../lib/index.ts");
  bus.to("parent");
  process.on("message", (message) => {
    process.stdout.write(`heard ${JSON.stringify(message)}\n`);
    // Not within the listener: Node is still handing on what it had kept.
    setImmediate(() => process.disconnect());
  });
}
