// The measured process: starts the other end, then does what it is told, a line of JSON each, on stdin. Not on a
// channel of Node's: whoever measures a channel should not have another one.
import { createInterface } from "node:readline";
import { carry, type Load } from "./load.ts";
import { payloadsOf } from "./payload.ts";
import type { Connection, Framing, Setup } from "./side.ts";
import { loadSide } from "./sides/index.ts";
import { type Jobs, spread } from "./spread.ts";
import { weigh } from "./weigh.ts";
import { startWorker } from "./worker.ts";

/** What a driver is told. */
export type Order =
  | { readonly order: "carry"; readonly load: Load }
  | { readonly order: "tune"; readonly framing: Framing }
  | { readonly order: "grow"; readonly workers: number }
  | { readonly order: "weigh"; readonly pending: number }
  | { readonly order: "spread"; readonly jobs: Jobs };

const setup = JSON.parse(process.argv[2] ?? "") as Setup;
const side = await loadSide(setup.side);
const connections: Connection[] = [];
await grow(setup.workers ?? 1);
const payloads = new Map<string, unknown[]>();

async function obey(order: Order): Promise<unknown> {
  switch (order.order) {
    case "carry": {
      const { payload } = order.load;
      const made = payloads.get(payload) ?? payloadsOf(payload);
      payloads.set(payload, made);
      return await carry(connections, order.load, made);
    }
    case "tune":
      for (const connection of connections) connection.tune?.(order.framing);
      return {};
    case "grow":
      await grow(order.workers);
      return {};
    case "weigh":
      return await weigh(connections, order.pending);
    case "spread":
      return await spread(connections, order.jobs);
  }
}

async function grow(workers: number): Promise<void> {
  const started = Array.from({ length: workers }, (_, worker) => {
    const own = { ...setup, worker };
    return side.connect(startWorker(own), own);
  });
  connections.push(...(await Promise.all(started)));
}

function say(what: unknown): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

let last: Promise<void> = Promise.resolve();
createInterface({ input: process.stdin })
  .on("line", (line) => {
    last = last.then(() => obey(JSON.parse(line) as Order)).then(say);
  })
  .on("close", () => void last.then(() => process.exit()));
say({ ready: true });
