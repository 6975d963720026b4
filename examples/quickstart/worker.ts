// The worker of all three quickstarts: a cluster worker, a forked child and a thread run the same code.
import { threadId } from "node:worker_threads";
import { bus } from "clusterphone";

/** What a worker can be asked: the event, its data, its reply. */
export interface WorkerEvents {
  greet(name: string): string;
  total(items: string[]): number;
  work(): void;
  leave(exitCode: number): void;
}

/** What a worker may ask its parent. */
export interface ParentEvents {
  price(item: string): number;
  working(): void;
}

const app = bus.ns<WorkerEvents, ParentEvents>("app");

app.on("greet", (name) => {
  return `Hello ${name}, this is process ${process.pid}, thread ${threadId}.`;
});

app.on("total", async (items) => {
  if (items.length === 0) throw new RangeError("nothing was ordered");
  const parent = app.to("parent");
  const prices = await Promise.all(items.map((item) => parent.emit("price", item).ackd()));
  return prices.reduce((sum, price) => sum + price);
});

app.on("work", () => {
  app.to("parent").emit("working");
  return new Promise(() => {}); // Work that never ends.
});

app.on("leave", (exitCode) => process.exit(exitCode));
