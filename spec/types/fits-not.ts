// What must not compile, with any TypeScript from 5.4 on: an error that is expected and does not come is one. Nothing here runs.
import type { Worker } from "node:worker_threads";
import { type Any, type Bus, bus, type Group, type NoEvents, type Target } from "clusterphone";

interface Api {
  add(pair: { a: number; b: number }): number;
  ping(): string;
  whatever(data: unknown): string;
  literal(name: "a" | "b"): "yes" | "no";
  frozen(numbers: readonly number[]): void;
  object(options: { a?: number }): { count: number };
  empty(): undefined;
}

export function emits(worker: Worker): unknown {
  const to = bus.ns<NoEvents, Api>("api").to(worker);
  // @ts-expect-error no such event
  to.emit("nope");
  // @ts-expect-error wrong data
  to.emit("add", { a: "1", b: 2 });
  // @ts-expect-error data missing
  to.emit("add");
  // @ts-expect-error a property too many
  to.emit("add", { a: 1, b: 2, c: 3 });
  // @ts-expect-error data for an event that takes none
  to.emit("ping", 5);
  // @ts-expect-error not of the union
  to.emit("literal", "c");
  // @ts-expect-error an option that does not exist
  to.emit("ping", undefined, { timout: 5 });
  // @ts-expect-error another reply
  const sum: Promise<string> = to.emit("add", { a: 1, b: 2 }).ackd();
  // @ts-expect-error ackd() forgotten
  const pong: Promise<string> = to.emit("ping");
  // @ts-expect-error the callback takes another reply
  void to.emit("add", { a: 1, b: 2 }).ackd((_error, _reply: string) => undefined);
  // @ts-expect-error an event of the other direction
  bus.ns<Api, NoEvents>("api").to(worker).emit("add", { a: 1, b: 2 });
  // @ts-expect-error no target
  bus.to("child");
  return [sum, pong];
}

export function listens(): void {
  const here = bus.ns<Api, NoEvents>("api");
  // @ts-expect-error another reply
  here.on("add", () => "x");
  // @ts-expect-error another reply, later
  here.on("add", async () => "x");
  // @ts-expect-error no reply
  here.on("add", () => {});
  // @ts-expect-error other data
  here.on("add", (_: { a: string }) => 1);
  // @ts-expect-error another reply, whatever the data is
  here.on("whatever", (_) => 42);
  // @ts-expect-error not of the union
  here.on("literal", () => "maybe");
  // @ts-expect-error not of the union, later
  here.on("literal", async () => "maybe");
  // @ts-expect-error undefined is not void
  here.on("empty", () => 1);
  // @ts-expect-error the data is read only
  here.on("frozen", (numbers) => numbers.push(1));
  // @ts-expect-error three parameters
  here.on("ping", (_data: undefined, _message: unknown, _third: number) => "x");
  // @ts-expect-error another object
  here.on("object", () => ({ count: "1" }));
  // @ts-expect-error an event of the other direction
  bus.ns<NoEvents, Api>("api").on("ping", () => "x");
}

export function maps(): void {
  // @ts-expect-error a second parameter would not be sent
  bus.ns<{ two(a: number, b: number): void }>("x");
  // @ts-expect-error nor would an optional one
  bus.ns<{ two(a: number, b?: number): void }>("x");
  // @ts-expect-error nor the rest
  bus.ns<{ many(...all: number[]): void }>("x");
  // @ts-expect-error not a function
  bus.ns<{ data: { a: number } }>("x");
  // @ts-expect-error an event is there or is not
  bus.ns<{ maybe?(data: number): void }>("x");
  // @ts-expect-error a function cannot be sent
  bus.ns<{ callback(call: () => void): void }>("x");
}

interface Others {
  add(pair: string): number;
  remove(id: string): void;
}

export function passesOn(
  api: Bus<Api, Others>,
  to: Target<Api>,
  all: Group<Api>,
  any: Any<Api>,
): unknown[] {
  // @ts-expect-error the two directions are swapped
  const swapped: Bus<Others, Api> = api;
  // @ts-expect-error other events
  const target: Target<Others> = to;
  // @ts-expect-error other events
  const group: Group<Others> = all;
  // @ts-expect-error other events
  const line: Any<Others> = any;
  // @ts-expect-error the same event with other data
  const data: Target<{ object(count: number): { count: number } }> = to;
  return [swapped, target, group, line, data];
}
