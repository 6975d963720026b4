// What users write, and what has to compile, with every TypeScript from 5.4 on. Nothing here runs.
import type { MessagePort, Worker } from "node:worker_threads";
import {
  type Bus,
  bus,
  type Data,
  type Listener,
  type Message,
  type NoEvents,
  type Reply,
  type Target,
} from "clusterphone";

interface Api {
  add(pair: { a: number; b: number }): number;
  log(line: string): void;
  ping(): "pong";
  find(id?: string): { id: string } | undefined;
  shape(shape: { kind: "circle"; radius: number } | { kind: "square"; side: number }): number;
  list(ids: readonly string[]): readonly number[];
  later(days: number): Promise<Map<string, Date>>;
  nothing(nothing: null): null;
  whatever(data: unknown): string;
  "kebab-case:event"(one: 1): 2;
  404(path: string): boolean;
}

class Service {
  #secret = 1;
  sum(numbers: number[]): number {
    return numbers.length + this.#secret;
  }
}

const implementation = {
  async greet(name: string): Promise<string> {
    return `hi ${name}`;
  },
};

interface Base {
  hello(name: string): string;
}
interface Extended extends Base {
  bye(code: number): void;
}
interface Extended {
  merged(yes: boolean): void;
}

export function emits(worker: Worker, port: MessagePort, signal: AbortSignal | undefined): void {
  const to = bus.ns<NoEvents, Api>("api").to(worker);
  const sum: Promise<number> = to.emit("add", { a: 1, b: 2 }).ackd();
  sum.catch(() => undefined);
  to.emit("ping");
  to.emit("ping", undefined, { timeout: 5 });
  to.emit("find");
  to.emit("find", "x");
  to.emit("find", undefined);
  to.emit("list", ["a"] as const);
  to.emit("nothing", null);
  to.emit("kebab-case:event", 1);
  to.emit("404", "/");
  to.emit("log", "x", { signal, timeout: undefined });

  const greeting: Promise<string> = bus
    .ns<NoEvents, typeof implementation>("object")
    .to(port)
    .emit("greet", "x")
    .ackd();
  greeting.catch(() => undefined);
  bus.ns<NoEvents, Service>("class").to(worker).emit("sum", [1]);

  const extended = bus.ns<Extended>("extended").to(worker);
  extended.emit("hello", "x");
  extended.emit("bye", 1);
  extended.emit("merged", true);
  const mixed = bus.ns<Base & { more(count: number): number }>("mixed").to(worker);
  mixed.emit("more", 1);
  mixed.emit("hello", "a");

  const untyped: Promise<unknown> = bus.ns("untyped").to(worker).emit("x", { a: 1 }).ackd();
  untyped.catch(() => undefined);
}

export function listens(): void {
  const here = bus.ns<Api, NoEvents>("api");
  here.on("add", ({ a, b }) => a + b);
  here.on("add", async ({ a, b }) => a + b);
  here.on("ping", () => "pong");
  here.on("shape", (shape) => (shape.kind === "circle" ? shape.radius : shape.side));
  here.on("list", (ids) => ids.map((id) => id.length));
  here.on("later", async (days) => new Map([["x", new Date(days)]]));
  here.on("find", (id) => (id ? { id } : undefined));
  here.once("nothing", () => null);
  here.on("whatever", (data: Date) => data.toISOString());
  here.on("404", (path) => path.length > 1);

  // Nobody looks at what a listener returns where the map says `void`.
  const lines: string[] = [];
  here.on("log", (line) => {
    lines.push(line);
  });
  here.on("log", (line) => lines.push(line));
  here.on("log", (line) => console.log(line));
  here.on("log", async (line) => lines.push(line));

  const add: Listener<Api, "add"> = ({ a, b }) => a + b;
  here.on("add", add).off("add", add);
  const data: Data<Api, "add"> = { a: 1, b: 1 };
  const reply = (map: Reply<Api, "later">) => map.get("x")?.getTime();
  here.on("add", () => data.a + (reply(new Map()) ?? 0));
  const table = { add: ({ a, b }) => a + b, ping: () => "pong" } satisfies Partial<{
    [Event in keyof Api]: Listener<Api, Event>;
  }>;
  here.on("add", table.add).on("ping", table.ping);

  const untyped = bus.ns("untyped");
  untyped.on("x", (pair: { a: number }) => pair.a);
  untyped.on("y", async (_: string, message: Message) => message.headers["x"]);
  untyped.on("z", ({ name }) => name);
}

interface More extends Api {
  more(): string;
}

export function passesOn(typed: Bus<Api, More>, to: Target<More>): unknown[] {
  const untyped: Bus = typed;
  const again: Bus<Api, More> = untyped;
  const anyEvent: Target = to;
  const typedAgain: Target<More> = anyEvent;
  const fewer: Target<Api> = to;
  return [again, typedAgain, fewer, bus.ns<Api, NoEvents>("one way") satisfies Bus<Api, NoEvents>];
}
