// A web process: its customers order all the time, and what is confirmed is written into its book.
// node web.js SERVER INSTANCE BOOK
import { appendFileSync } from "node:fs";
import { bus } from "clusterphone";
import { join } from "clusterphone/nats";
import type { OrderEvents } from "./service.ts";

/** What the web processes listen to. */
export interface WebEvents {
  report(): Report;
  /** Lets its customers finish, and nobody else in. */
  stop(): void;
}

export interface Report {
  readonly confirmed: number;
  /** Of these nobody knows whether they were done: an instance died over them. The books tell. */
  readonly open: readonly string[];
}

/** Orders under way at a time. */
const CUSTOMERS = 10;

const [servers = "", instance = "", book = ""] = process.argv.slice(2);
const shop = bus.ns<WebEvents, OrderEvents>("shop");
const service = shop.any("orders", { concurrency: 8 });
const open: string[] = [];
let [confirmed, last] = [0, 0];
let isOpen = true;

/** Asks again as long as it is certain that the order was not done. */
async function place(number: string): Promise<void> {
  for (;;) {
    try {
      await service.emit("place", { number }).within(30_000).ackd();
      confirmed++;
      appendFileSync(book, `${number}\n`);
      return;
    } catch (error) {
      if ((error as { executed?: string }).executed === "no") continue;
      open.push(number);
      return;
    }
  }
}

async function customer(): Promise<void> {
  while (isOpen) await place(`${instance}/${++last}`);
}

const customers = Array.from({ length: CUSTOMERS }, customer);
shop.on("report", () => ({ confirmed, open }));
shop.on("stop", async () => {
  isOpen = false;
  await Promise.all(customers);
});
// It ends with whoever started it.
process.stdin.resume().once("end", () => process.exit());
await join(bus, { name: "web", instance, servers });
