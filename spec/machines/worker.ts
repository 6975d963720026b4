// A member of a mesh, told by its parent what to do: node worker.js NAME INSTANCE FILE SERVERS OPTIONS. It writes down
// in FILE, which outlives it, what it has run.
import { openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect, isDeepStrictEqual } from "node:util";
import { bus, isBusError } from "clusterphone";
import { type JoinOptions, join, type Mesh } from "clusterphone/nats";
import { Load } from "../support/load.ts";
import { type Flooded, type FloodWish, now, type Place, type Wishes } from "./wishes.ts";

const [name = "", instance = "", file = "", servers = "", given = "{}"] = process.argv.slice(2);
const options = JSON.parse(given) as Pick<JoinOptions, "serialization" | "silence">;
const descriptor = openSync(file, "a");
/** More than any of it takes, in ms. */
const LONG = 120_000;
/** So many messages of a flood are emitted in a row. */
const BURST = 100;
/** So many ms lie between: 100 MB a second and sender are a flood, and not only one of errors. */
const BREATH = 10;

// What was written is there even if the process is killed before it can answer.
bus.on("place", ([id]: [number, string?]) => void writeSync(descriptor, `${id}\n`));
bus.on("echo", (value) => value);
bus.on("never", () => new Promise(() => undefined));

let mesh: Mesh;
let load: Load | undefined;
const seen: string[] = [];

async function begin(): Promise<void> {
  mesh = await join(bus, { name, instance, servers: servers.split(","), ...options });
  mesh.on("join", (member) => seen.push(`${member.instance} is there`));
  mesh.on("leave", (member, reason) => seen.push(`${member.instance} ${reason}`));
}

async function flood({ to, bytes, milliseconds, last }: FloodWish): Promise<Flooded> {
  const text = "x".repeat(bytes);
  const executed: string[] = [];
  const before = process.memoryUsage.rss();
  let peak = before;
  let open = 0;
  const emit = (index: number) => {
    open++;
    executed.push("?");
    const receipt = bus.to(to).emit("place", [last + index + 1, text]);
    const settled = (said: string) => {
      open--;
      executed[index] = said;
    };
    receipt
      .within(LONG)
      .ackd()
      .then(
        () => settled("y"),
        (error: unknown) => settled(isBusError(error) ? error.executed.charAt(0) : "?"),
      );
  };
  const end = now() + milliseconds;
  while (now() < end) {
    for (let each = 0; each < BURST; each++) emit(executed.length);
    peak = Math.max(peak, process.memoryUsage.rss());
    await sleep(BREATH);
  }
  while (open > 0) {
    peak = Math.max(peak, process.memoryUsage.rss());
    await sleep(10);
  }
  return { executed: executed.join(""), growth: peak - before };
}

/** What a format may carry in its own way, or an engine may. */
const VALUES: Readonly<Record<string, unknown>> = {
  numbers: [0, -0.5, 2 ** 53, 1e300, Number.MIN_VALUE],
  texts: ["", "é", "\u{1f600}", "\ud800", "x".repeat(2 ** 20)],
  nothing: [null, { here: undefined }],
  date: new Date(0),
  map: new Map<unknown, unknown>([["a", new Set([1, "b"])]]),
  bytes: [new Uint8Array([0, 255]), new Float64Array([1.5, -0]), Buffer.from("bytes")],
  large: 2n ** 100n,
  pattern: /a+/giu,
  deep: JSON.parse(`${"[".repeat(200)}1${"]".repeat(200)}`),
};

async function compare(to: Place): Promise<string[]> {
  const wrong: string[] = [];
  const isPlain = options.serialization !== "advanced";
  for (const [kind, value] of Object.entries(VALUES)) {
    // JSON has none of them.
    if (isPlain && kind === "large") continue;
    const expected = isPlain ? JSON.parse(JSON.stringify(value)) : value;
    const back = await bus.to(to).emit("echo", value).within(LONG).ackd();
    if (!isDeepStrictEqual(back, expected)) wrong.push(`${kind}: ${inspect(back).slice(0, 200)}`);
  }
  return wrong;
}

const told = bus.ns<Wishes>("wishes", { ready: "manual" });
told.on("known", () => mesh.members.map((member) => member.instance));
told.on("seen", () => seen.splice(0));
told.on("load", ({ to, depth, bytes, last }) => {
  const text = "x".repeat(bytes);
  load = new Load((id) => bus.to(to).emit("place", [id, text]).within(LONG).ackd(), depth, last);
});
told.on("answered", (count) => load?.answered(count));
told.on("stop", async () => {
  const outcomes = (await load?.stop()) ?? [];
  return outcomes.map(({ id, error }) => [id, error?.executed ?? "yes", error?.message ?? ""]);
});
told.on("flood", flood);
told.on("echo", compare);
told.on("call", (to) => {
  const receipt = bus.to(to).emit("hold").within(LONG).ackd();
  receipt.catch(() => undefined);
});
told.on("leave", async () => {
  const begun = now();
  await mesh.leave();
  return begun;
});
told.on("join", begin);
process.once("disconnect", () => process.exit());
await begin();
told.ready();
