// An instance of the service: it writes each order that it has done into its book.
// node service.js SERVER INSTANCE BOOK
import { appendFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { bus } from "clusterphone";
import { join } from "clusterphone/nats";

/** What the service listens to. */
export interface OrderEvents {
  /** Answers with the number of the order. */
  place(order: { readonly number: string }): string;
}

const [servers = "", instance = "", book = ""] = process.argv.slice(2);
const app = bus.ns<OrderEvents>("shop");
app.on("place", async ({ number }) => {
  await wait(2); // There is something to do for it.
  appendFileSync(book, `${number}\n`);
  return number;
});
// It ends with whoever started it.
process.stdin.resume().once("end", () => process.exit());
await join(bus, { name: "orders", instance, servers });
