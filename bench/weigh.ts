import { setImmediate } from "node:timers/promises";
import { type Connection, LAST } from "./side.ts";

/** What a measured process holds. */
export interface Weight {
  /** Bytes of `heapUsed`, after a collection. */
  readonly heap: number;
  /** Timers that run. */
  readonly timers: number;
}

/** Written at once; the other end has to have them before more follow. */
const PORTION = 1000;

/** Makes so many requests that are never answered, and weighs what is there then. */
export async function weigh(connections: readonly Connection[], pending: number): Promise<Weight> {
  const [first] = connections;
  for (let made = 0; first && made < pending; made += PORTION) {
    for (let each = made; each < made + PORTION; each++) {
      first.request({ id: each, name: "Ada Lovelace", note: "a short note on them" }, ignore);
    }
    await new Promise((resolve) => first.request(LAST, resolve));
  }
  return { heap: await heapUsed(), timers: timersOf() };
}

/** One for all: what a caller does with the reply is not weighed. */
function ignore(): void {}

async function heapUsed(): Promise<number> {
  if (!globalThis.gc) throw new Error("start it with --expose-gc");
  for (let time = 0; time < 3; time++) {
    globalThis.gc();
    await setImmediate();
  }
  return process.memoryUsage().heapUsed;
}

function timersOf(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
}
