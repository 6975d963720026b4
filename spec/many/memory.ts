import { setImmediate } from "node:timers/promises";
import { bus } from "clusterphone";
import { withCrew } from "./crew.ts";

const WORKERS = 64;
const MEBIBYTE = 2 ** 20;
/** Bytes that a megabyte to all of them may take. */
const MOST = 8 * MEBIBYTE;

const payloads: Readonly<Record<string, () => unknown>> = {
  string: () => "0123456789abcdef".repeat(MEBIBYTE / 16),
  object: () => ({
    rows: Array.from({ length: 2 ** 15 }, (_, id) => ({ id, note: "some words" })),
  }),
};

/** What a megabyte takes that waits for workers which have just been forked. */
export async function weighForMany(): Promise<string> {
  const said: string[] = [];
  for (const [kind, make] of Object.entries(payloads)) {
    const taken = await withCrew(async (crew) => {
      // Stopped as soon as they are forked, so that none of them is ready before everything is weighed.
      const children = Array.from({ length: WORKERS }, () => crew.start());
      for (const child of children) child.kill("SIGSTOP");
      const payload = make();
      const before = await inUse();
      const group = bus.all("children");
      if (group.peers.length !== WORKERS) throw new Error("they are not all there");
      const gathered = group.emit("who", payload).within(60_000).ackd();
      const after = await inUse();
      if (group.peers.some((peer) => peer.isReady("_"))) throw new Error("they are too quick");
      for (const child of children) child.kill("SIGCONT");
      const outcomes = await gathered;
      if (!outcomes.every(({ status }) => status === "fulfilled")) throw new Error("not by all");
      return after - before;
    });
    said.push(`${kind} ${(taken / MEBIBYTE).toFixed(1)} MiB`);
    if (taken > MOST) throw new Error(said.join(", "));
  }
  return said.join(", ");
}

/** After a collection. */
async function inUse(): Promise<number> {
  if (!globalThis.gc) throw new Error("start it with --expose-gc");
  globalThis.gc();
  await setImmediate();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
