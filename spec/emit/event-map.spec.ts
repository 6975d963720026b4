import { expectTypeOf } from "expect-type";
import {
  type BusError,
  bus,
  type EventMap,
  type Gathering,
  type Message,
  type Outcome,
  type Peer,
  type Receipt,
} from "../../lib/index.ts";

/** What a worker takes. */
interface ToWorker {
  sum(numbers: number[]): number;
  ping(): "pong";
  later(id: string): Promise<{ id: string }>;
  note(text?: string): void;
}

/** What the primary takes. */
type ToPrimary = {
  hit(key: { key: string }): boolean;
};

// Nothing here runs: that it compiles, and that what must not compile does not, is the test.
function types(): void {
  const inWorker = bus.ns<ToWorker, ToPrimary>("typed");
  const inPrimary = bus.ns<ToPrimary, ToWorker>("typed");
  const peer = inPrimary.to("parent");

  // Replies.
  expectTypeOf(peer.emit("sum", [1]).ackd()).toEqualTypeOf<Promise<number>>();
  expectTypeOf(peer.emit("ping").within(5).ackd()).toEqualTypeOf<Promise<"pong">>();
  expectTypeOf(peer.emit("later", "x")).toEqualTypeOf<Receipt<{ id: string }>>();
  expectTypeOf(peer.emit("later", "x").acknowledged()).resolves.toEqualTypeOf<{ id: string }>();
  expectTypeOf(peer.emit("note").ackd()).toEqualTypeOf<Promise<void>>();
  peer.emit("note", "text", { timeout: 5 });
  peer.emit("ping", undefined, { signal: AbortSignal.timeout(5) });
  void peer.emit("sum", []).ackd((error, reply) => {
    expectTypeOf(error).toEqualTypeOf<BusError | null>();
    expectTypeOf(reply).toEqualTypeOf<number | undefined>();
  });

  // All of a group, and any one of it.
  const workers = inPrimary.all("workers");
  expectTypeOf(workers.emit("sum", [1])).toEqualTypeOf<Gathering<number>>();
  expectTypeOf(workers.emit("later", "x").within(5).ackd()).resolves.toEqualTypeOf<
    Outcome<{ id: string }>[]
  >();
  void workers.emit("ping").ackd((error, outcomes) => {
    expectTypeOf(error).toEqualTypeOf<null>();
    expectTypeOf(outcomes).toEqualTypeOf<Outcome<"pong">[]>();
  });
  void (async () => {
    for await (const outcome of workers.emit("sum", [1])) {
      if (outcome.status === "fulfilled") expectTypeOf(outcome.value).toEqualTypeOf<number>();
      else expectTypeOf(outcome.reason).toEqualTypeOf<BusError>();
      expectTypeOf(outcome.peer).toEqualTypeOf<Peer>();
    }
    for (const { value, reason } of await workers.emit("sum", [1]).ackd()) {
      expectTypeOf(value).toEqualTypeOf<number | undefined>();
      expectTypeOf(reason).toEqualTypeOf<BusError | undefined>();
    }
  });
  const anyone = inPrimary.any((one) => one.kind === "thread", { concurrency: 2 });
  expectTypeOf(anyone.emit("sum", [1], { key: "k", idempotent: true })).toEqualTypeOf<
    Receipt<number>
  >();
  expectTypeOf(anyone.peers).toEqualTypeOf<Peer[]>();
  expectTypeOf(inPrimary.all([peer.peer, "parent"]).peers).toEqualTypeOf<Peer[]>();
  // @ts-expect-error wrong payload
  workers.emit("sum", "1");
  // @ts-expect-error no such event
  anyone.emit("product", [1]);
  // @ts-expect-error a key is for any
  workers.emit("ping", undefined, { key: "k" });
  // @ts-expect-error no group
  inPrimary.all(5);
  // @ts-expect-error no options of any
  inPrimary.any("workers", { concurency: 1 });

  // @ts-expect-error no such event
  peer.emit("product", [1]);
  // @ts-expect-error wrong payload
  peer.emit("sum", "1");
  // @ts-expect-error payload missing
  peer.emit("sum");
  // @ts-expect-error payload where there is none
  peer.emit("ping", 1);
  // @ts-expect-error a worker's event, not the primary's
  inWorker.to("parent").emit("sum", [1]);
  // @ts-expect-error an option that does not exist
  peer.emit("sum", [1], { timout: 5 });

  // Listeners.
  inWorker.on("sum", (numbers, message) => {
    expectTypeOf(numbers).toEqualTypeOf<number[]>();
    expectTypeOf(message).toEqualTypeOf<Message>();
    return numbers.length;
  });
  inWorker.on("sum", async (numbers) => numbers.length);
  inWorker.once("later", (id) => ({ id })).on("ping", () => "pong");
  // @ts-expect-error no such event
  inWorker.on("product", () => 1);
  // @ts-expect-error wrong reply
  inWorker.on("sum", () => "1");
  // @ts-expect-error wrong reply, later
  inWorker.on("sum", async () => "1");
  // @ts-expect-error wrong payload
  inWorker.on("sum", (numbers: string) => numbers.length);
  // @ts-expect-error the primary's event, not a worker's
  inWorker.on("hit", () => true);

  // Untyped: any event, and data as whatever it is known to be.
  bus.on("anything", (data) => data);
  bus.on("anything", (data: { key: string }) => data.key);
  bus.on("anything", async ({ key }: { key: string }, message) => [key, message.peer.id]);
  expectTypeOf(bus.to("parent").emit("anything").ackd()).toEqualTypeOf<Promise<unknown>>();
  bus.to("parent").emit("anything", { whatever: 1 }, { timeout: Infinity });
  // @ts-expect-error an event is a string
  bus.on(5, () => 1);

  // What does not fit a map is told the reason: the compiler prints the type that is asked for, and `never` says nothing.
  type Bad = { two(a: number, b: number): void; data: number; call(back: () => void): void };
  expectTypeOf<EventMap<Bad>["two"]>().not.toBeNever();
  expectTypeOf<EventMap<Bad>["data"]>().not.toBeNever();
  expectTypeOf<EventMap<Bad>["call"]>().not.toBeNever();

  // Targets.
  // @ts-expect-error not a peer
  bus.to({});
  // @ts-expect-error not a peer
  bus.to("child");

  // Middleware is a plain function.
  bus.use((message, next) => {
    expectTypeOf(message).toEqualTypeOf<Message>();
    return next();
  });
  bus.use(async (_, next) => {
    await next();
  });
}

describe("types", () => {
  it("hold: this file has compiled, with every error expected in it", () => {
    expectTypeOf(types).toBeFunction();
  });
});
