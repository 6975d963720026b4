// Three middlewares, each of which solves one problem for every message: bad data is refused, time
// is measured, and a trace id goes with a message, with all that it causes, and with the reply.
// Run it with: npm run build && node dist/examples/middleware.js
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { type BusError, bus, type Message, type Middleware, type Next } from "clusterphone";

interface Order {
  readonly item: string;
  readonly pieces: number;
}

/** What the shop listens to. */
interface ShopEvents {
  order(order: Order): string;
}

/** What the warehouse, the shop's parent, listens to. */
interface WarehouseEvents {
  take(pieces: number): number;
}

const side = process.argv[2] === "shop" ? "shop" : "warehouse";

if (side === "shop") shop();
else await warehouse();

function shop(): void {
  const app = bus.ns<ShopEvents, WarehouseEvents>("shop");
  // The first is the nearest to the listeners: what it refuses has been traced and timed.
  app.use(validation({ order: isOrder }));
  bus.use(trace()).use(timing());

  app.on("order", async ({ item, pieces }) => {
    const left = await app.to("parent").emit("take", pieces).ackd();
    return `${pieces} pieces of ${item}; ${left} are left`;
  });
}

async function warehouse(): Promise<void> {
  const app = bus.ns<WarehouseEvents, ShopEvents>("shop");
  bus.use(trace()).use(timing());

  const traces: unknown[] = [];
  app.use(function collectTraces(message, next) {
    if (message.direction === "inbound") traces.push(message.headers["trace"]);
    return next();
  });

  let stock = 100;
  app.on("take", (pieces) => {
    stock -= pieces;
    return stock;
  });

  const child = fork(fileURLToPath(import.meta.url), ["shop"]);
  console.log("An order, for which the shop asks the warehouse:");
  const reply = await app.to(child).emit("order", { item: "tea", pieces: 3 }).ackd();
  console.log(`The reply: ${reply}`);
  assert.equal(stock, 97);
  assert.equal(traces.length, 2);
  assert.equal(traces[0], traces[1]);
  console.log("The question in between and the reply had the trace id of the order.");

  console.log("An order with bad data:");
  const refused = app.to(child).emit("order", { item: "tea", pieces: -1 }).ackd();
  await assert.rejects(refused, (error: BusError) => {
    console.log(`${error.code}, executed: ${error.executed}, ${error.message}`);
    return error.code === "ERR_REFUSED" && error.executed === "no";
  });

  await bus.close();
  child.disconnect();
}

/** Refuses what the listeners do not expect: a middleware that throws makes it `ERR_REFUSED` for the sender. */
function validation(checks: Record<string, (data: unknown) => boolean>): Middleware {
  return function validation(message, next) {
    if (message.direction === "inbound" && message.kind === "event") {
      const isValid = checks[message.event];
      if (isValid && !isValid(message.data)) throw new TypeError("its data is not valid");
    }
    return next();
  };
}

function isOrder(data: unknown): data is Order {
  const { item, pieces } = (data ?? {}) as Partial<Order>;
  return typeof item === "string" && Number.isInteger(pieces) && Number(pieces) > 0;
}

/**
 * Gives a message the trace id of what caused it, or a new one. `headers` carry it to the other side;
 * `state` is shared with the ack, so the reply has it too.
 */
function trace(): Middleware {
  const current = new AsyncLocalStorage<string>();
  return function trace({ direction, headers, state }, next) {
    const known = direction === "inbound" ? headers["trace"] : state["trace"];
    const id = String(known ?? current.getStore() ?? randomUUID().slice(0, 8));
    headers["trace"] = id;
    state["trace"] = id;
    return current.run(id, next);
  };
}

/** Prints how long a message takes here, and how long it takes to get a reply. */
function timing(): Middleware {
  return function timing(message, next) {
    if (message.direction === "inbound") return measure(message, next);
    // Nothing is awaited on the way out, so that messages need not queue up for each other.
    if (message.kind === "event") message.state["sentAt"] = performance.now();
    return next();
  };
}

async function measure(message: Message, next: Next): Promise<void> {
  const { event, kind, state } = message;
  const start = kind === "ack" ? Number(state["sentAt"]) : performance.now();
  try {
    await next();
  } finally {
    const time = `${(performance.now() - start).toFixed(1)} ms`;
    const what = kind === "ack" ? `was answered after ${time}` : `took ${time}`;
    console.log(`  ${side}: "${event}" ${what}, trace ${state["trace"]}`);
  }
}
