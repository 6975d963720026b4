import { expect } from "chai";
import { ownerOf } from "../../lib/dispatch/rendezvous.ts";
import type { BusError } from "../../lib/errors/bus-error.ts";
import { nextEvent, rejection, turn } from "../support/buses.ts";
import { type Ray, star } from "../support/star.ts";

/** A listener that answers when it is told to. */
function held(ray: Ray, event = "job"): { data: unknown; answer(value?: unknown): void }[] {
  const jobs: { data: unknown; answer(value?: unknown): void }[] = [];
  ray.bus.on(event, (data) => new Promise((answer) => jobs.push({ data, answer })));
  return jobs;
}

/** An answer that the test may end without. */
function left<Value>(answer: Promise<Value>): Promise<Value> {
  answer.catch(() => undefined);
  return answer;
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn();
}

async function ready({ bus, rays }: ReturnType<typeof star>): Promise<void> {
  for (const { peer } of rays) await bus.to(peer).ready();
}

const everybody = () => true;

describe("any one of a group", () => {
  it("gives a message to the one with the fewest unanswered, equals in turn", async () => {
    const all = star(3);
    const jobs = all.rays.map((ray) => held(ray));
    await ready(all);
    const any = all.bus.any(everybody);
    const answers = Array.from({ length: 5 }, (_, index) => left(any.emit("job", index).ackd()));
    await until(() => jobs.flat().length === 5);
    expect(jobs.map((each) => each.map(({ data }) => data))).to.deep.equal([[0, 3], [1, 4], [2]]);
    jobs[1]?.[0]?.answer("b");
    expect(await answers[1]).to.equal("b");
    jobs[1]?.[1]?.answer();
    await answers[4];
    void left(any.emit("job", 5).ackd());
    await until(() => jobs.flat().length === 6);
    expect(jobs[1]?.at(-1)?.data).to.equal(5);
  });

  it("takes turns also where nobody wants answers", async () => {
    const all = star(3);
    const got = all.rays.map(() => 0);
    for (const [index, ray] of all.rays.entries())
      ray.bus.on("job", () => void got.splice(index, 1, (got[index] ?? 0) + 1));
    await ready(all);
    const any = all.bus.any(everybody);
    for (let count = 0; count < 9; count++) any.emit("job");
    await until(() => got.every((count) => count === 3));
  });

  it("holds a message until somebody is free, in order, and says how many wait", async () => {
    const all = star(2);
    const jobs = all.rays.map((ray) => held(ray));
    await ready(all);
    const any = all.bus.any(everybody, { concurrency: 1 });
    const answers = Array.from({ length: 6 }, (_, index) => left(any.emit("job", index).ackd()));
    expect(any.waiting).to.equal(4);
    await until(() => jobs.flat().length === 2);
    for (let answered = 0; answered < 3; answered++) {
      jobs[1]?.at(-1)?.answer(answered);
      await until(() => jobs[1]?.length === answered + 2);
    }
    expect(jobs[1]?.map(({ data }) => data)).to.deep.equal([1, 2, 3, 4]);
    expect(any.waiting).to.equal(1);
    jobs[0]?.[0]?.answer("done");
    expect(await answers[0]).to.equal("done");
    await until(() => jobs[0]?.length === 2);
    expect(any.waiting).to.equal(0);
  });

  it("counts what nobody wants the answer of, where the concurrency is bounded", async () => {
    const all = star(1);
    const jobs = held(all.rays[0] as Ray);
    await ready(all);
    const any = all.bus.any(everybody, { concurrency: 1 });
    for (let index = 0; index < 3; index++) any.emit("job", index);
    await until(() => jobs.length === 1);
    await turn();
    expect([jobs.length, any.waiting]).to.deep.equal([1, 2]);
    jobs[0]?.answer();
    await until(() => jobs.length === 2);
    jobs[1]?.answer();
    await until(() => jobs.length === 3);
    jobs[2]?.answer();
    await until(() => any.waiting === 0);
  });

  it("counts messages by to() too", async () => {
    const all = star(2);
    const jobs = all.rays.map((ray) => held(ray));
    await ready(all);
    void left(
      all.bus
        .to(all.rays[0]?.peer as never)
        .emit("job", "direct")
        .ackd(),
    );
    void left(all.bus.any(everybody).emit("job", "any").ackd());
    await until(() => jobs.flat().length === 2);
    expect(jobs[1]?.map(({ data }) => data)).to.deep.equal(["any"]);
  });

  it("waits for the first of an empty group, and for a namespace to open", async () => {
    const all = star(0);
    const any = all.bus.ns("late").any("orders");
    const answer = any.emit("job", { a: [1] }).ackd();
    expect(any.waiting).to.equal(1);
    const ray = all.add("orders");
    await nextEvent(all.bus.lifecycle, "up");
    expect(any.peers).to.deep.equal([ray.peer]);
    await turn();
    expect(any.waiting).to.equal(1);
    ray.bus.ns("late").on("job", (data) => data);
    expect(await answer).to.deep.equal({ a: [1] });
  });

  it("reads what waits at its emit", async () => {
    const all = star(0);
    const data = { value: 1, map: new Map([["a", 1]]) };
    const answer = all.bus.any("orders").emit("job", data).ackd();
    data.value = 2;
    const ray = all.add("orders", "clone");
    ray.bus.on("job", (got) => got);
    expect(await answer).to.deep.equal({ value: 1, map: new Map([["a", 1]]) });
  });

  it("goes on its own time: within() counts the wait, and the error says what it waited for", async () => {
    const all = star(1);
    const jobs = held(all.rays[0] as Ray);
    const nobody = await rejection(all.bus.any("orders").emit("job").within(20).ackd());
    expect(nobody).to.include({ code: "ERR_ACK_TIMEOUT", executed: "no" });
    expect(nobody.message).to.include('"job" to any of buses named "orders"');
    expect(nobody.message).to.match(/there is nobody in that group$/);
    const unnamed = await rejection(all.bus.any("threads").emit("job").within(20).ackd());
    expect(unnamed.message).to.match(
      /nobody in that group, which has those that to\(thread\) has named$/,
    );
    const closed = all.bus.ns("other").any(everybody).emit("job");
    expect((await rejection(closed.within(20).ackd())).message).to.include(
      'has opened namespace "other"',
    );
    await ready(all);
    const any = all.bus.any(everybody, { concurrency: 1 });
    void left(any.emit("job").ackd());
    const busy = await rejection(any.emit("job").within(20).ackd());
    expect(busy.message).to.include("are busy");
    expect(any.waiting).to.equal(0);
    const late = await rejection(all.bus.any(everybody).emit("job", null, { timeout: 20 }).ackd());
    expect(late).to.include({ code: "ERR_ACK_TIMEOUT", executed: "maybe" });
    expect(jobs.length).to.equal(2);
  });

  it("can be cancelled while it waits, and later", async () => {
    const all = star(1);
    const jobs = held(all.rays[0] as Ray);
    await ready(all);
    const any = all.bus.any(everybody, { concurrency: 1 });
    const [first, second] = [new AbortController(), new AbortController()];
    const placed = rejection(any.emit("job", 1, { signal: first.signal }).ackd());
    const waiting = rejection(any.emit("job", 2, { signal: second.signal }).ackd());
    second.abort();
    expect(await waiting).to.include({ code: "ERR_CANCELLED", executed: "no" });
    await until(() => jobs.length === 1);
    first.abort();
    expect(await placed).to.include({ code: "ERR_CANCELLED", executed: "maybe" });
    const before = AbortSignal.abort();
    const never = rejection(any.emit("job", 3, { signal: before }).ackd());
    expect(await never).to.include({ code: "ERR_CANCELLED", executed: "no" });
  });

  it("is bounded: what is over limits.pending fails with ERR_QUEUE_FULL, and drained() tells of room", async () => {
    const all = star(0);
    all.bus.limits.pending = 100_000;
    const any = all.bus.any("orders");
    const text = "x".repeat(10_000);
    const answers = Array.from({ length: 12 }, () => any.emit("job", text).ackd());
    const outcomes = Promise.allSettled(answers);
    expect(any.writable).to.equal(false);
    let isDrained = false;
    const drained = any.drained().then(() => {
      isDrained = true;
    });
    await turn();
    expect(isDrained).to.equal(false);
    all.add("orders").bus.on("job", () => 1);
    await drained;
    const refused = (await outcomes).filter(({ status }) => status === "rejected");
    expect(refused).to.have.length(3);
    for (const { reason } of refused as PromiseRejectedResult[]) {
      expect(reason).to.include({ code: "ERR_QUEUE_FULL", executed: "no" });
    }
  });

  it("refuses what cannot be encoded, also while it waits", async () => {
    const all = star(0);
    const error = await rejection(
      all.bus
        .any("orders")
        .emit("job", () => 1)
        .ackd(),
    );
    expect(error).to.include({ code: "ERR_NOT_SERIALIZABLE", executed: "no" });
  });

  it("reports a failure that nobody asked for", async () => {
    const all = star(0);
    const reported = nextEvent(all.bus.lifecycle, "undelivered");
    all.bus.any("orders").emit("job", null, { timeout: 20 });
    const [error, message] = (await reported) as [
      BusError,
      { event: string; peer: { id: string } },
    ];
    expect(error.code).to.equal("ERR_ACK_TIMEOUT");
    expect([message.event, message.peer.id]).to.deep.equal(["job", 'any of buses named "orders"']);
  });

  describe("when a peer goes", () => {
    it("sends elsewhere what did not run, with what was emitted, and not what may have", async () => {
      const all = star(2);
      const jobs = all.rays.map((ray) => held(ray));
      await ready(all);
      const any = all.bus.any(everybody);
      const [one, two] = all.rays;
      one?.link.stop();
      const given = rejection(any.emit("job", "given").ackd());
      const other = any.emit("job", "other").ackd();
      await until(() => jobs[1]?.length === 1);
      // The channel takes nothing more.
      const data = { text: "not written" };
      const unwritten = any.emit("job", data).ackd();
      data.text = "changed later";
      await turn();
      expect(jobs.flat().length).to.equal(1);
      one?.cut({ exitCode: 1 });
      expect(await given).to.include({ code: "ERR_PEER_DIED", executed: "maybe" });
      await until(() => jobs[1]?.length === 2);
      expect(jobs[1]?.[1]?.data).to.deep.equal({ text: "not written" });
      expect(two?.peer.inFlight).to.equal(2);
      jobs[1]?.[0]?.answer(1);
      jobs[1]?.[1]?.answer(2);
      expect([await other, await unwritten]).to.deep.equal([1, 2]);
    });

    it("sends elsewhere what a peer that closes has refused", async () => {
      const all = star(2);
      const got: unknown[] = [];
      for (const ray of all.rays) ray.bus.on("job", (data) => got.push([ray.peer.id, data]));
      await ready(all);
      // What is on its way when it closes comes too late.
      const any = all.bus.any(everybody);
      const closed = all.rays[0]?.bus.close();
      const answers = ["a", "b", "c", "d"].map((data) => any.emit("job", data).ackd());
      await Promise.all(answers);
      await closed;
      expect(new Set(got.map((each) => (each as [string, string])[0]))).to.deep.equal(
        new Set(["ray:2"]),
      );
      expect(got.map((each) => (each as [string, string])[1])).to.have.members([
        "a",
        "b",
        "c",
        "d",
      ]);
    });

    it("runs twice only what is idempotent", async () => {
      const all = star(2);
      const jobs = all.rays.map((ray) => held(ray));
      await ready(all);
      const any = all.bus.any(everybody, { concurrency: 1 });
      const once = rejection(any.emit("job", "once").ackd());
      const other = any.emit("job", "other").ackd();
      await until(() => jobs.flat().length === 2);
      all.rays[0]?.cut();
      expect(await once).to.include({ code: "ERR_PEER_DIED", executed: "maybe" });
      jobs[1]?.[0]?.answer();
      await other;
      const third = all.add();
      const thirds = held(third);
      const again = any.emit("job", { bytes: [1, 2] }, { idempotent: true }).ackd();
      await until(() => jobs[1]?.length === 2);
      all.rays[1]?.cut();
      await until(() => thirds.length === 1);
      expect(thirds[0]?.data).to.deep.equal({ bytes: [1, 2] });
      thirds[0]?.answer("twice");
      expect(await again).to.equal("twice");
    });

    it("names whom it tried, and keeps to the one time", async () => {
      const all = star(1);
      const jobs = held(all.rays[0] as Ray);
      await ready(all);
      const any = all.bus.any(everybody);
      const answer = rejection(any.emit("job", null, { idempotent: true }).within(60).ackd());
      await until(() => jobs.length === 1);
      all.rays[0]?.cut();
      const error = await answer;
      expect(error).to.include({ code: "ERR_ACK_TIMEOUT", executed: "maybe" });
      expect(error.message).to.match(/nobody in that group; before that it was given to ray:1$/);
      expect(error.stack).to.include("before that it was given to ray:1");
    });

    it("repeats nothing else: neither what a listener threw, nor what nobody listens to", async () => {
      const all = star(2);
      let runs = 0;
      for (const ray of all.rays) {
        ray.bus.on("job", () => {
          runs++;
          throw Object.assign(new Error("no"), { code: "ERR_CLOSED" });
        });
      }
      await ready(all);
      const any = all.bus.any(everybody);
      expect(await rejection(any.emit("job").ackd())).to.include({ code: "ERR_REMOTE" });
      expect(await rejection(any.emit("nothing").ackd())).to.include({ code: "ERR_UNHANDLED" });
      expect(runs).to.equal(1);
    });
  });

  describe("with a key", () => {
    it("gives all messages of a key to one peer, in order, though others are free", async () => {
      const all = star(3);
      const jobs = all.rays.map((ray) => held(ray));
      await ready(all);
      const any = all.bus.any(everybody, { concurrency: 1 });
      const answers = [1, 2, 3].map((data) => any.emit("job", data, { key: "k" }).ackd());
      await until(() => jobs.flat().length === 1);
      const owner = jobs.find((each) => each.length > 0);
      const free = any.emit("job", "free").ackd();
      await until(() => jobs.flat().length === 2);
      for (let index = 0; index < 3; index++) {
        await until(() => owner?.length === index + 1);
        owner?.[index]?.answer(index);
      }
      expect(owner?.map(({ data }) => data)).to.deep.equal([1, 2, 3]);
      expect(await Promise.all(answers)).to.deep.equal([0, 1, 2]);
      jobs.find((each) => each !== owner && each.length > 0)?.[0]?.answer("yes");
      expect(await free).to.equal("yes");
    });

    it("moves what waits when its peer goes, in order", async () => {
      const all = star(2);
      const jobs = all.rays.map((ray) => held(ray));
      await ready(all);
      const any = all.bus.any(everybody, { concurrency: 1 });
      const first = rejection(any.emit("job", 1, { key: "k" }).ackd());
      const rest = [2, 3, 4].map((data) => any.emit("job", data, { key: "k" }).ackd());
      await until(() => jobs.flat().length === 1);
      const dead = jobs.findIndex((each) => each.length > 0);
      all.rays[dead]?.cut();
      await first;
      const others = jobs[1 - dead] ?? [];
      for (let index = 0; index < 3; index++) {
        await until(() => others.length === index + 1);
        others[index]?.answer(index);
      }
      expect(others.map(({ data }) => data)).to.deep.equal([2, 3, 4]);
      expect(await Promise.all(rest)).to.deep.equal([0, 1, 2]);
    });

    it("moves only the keys of who comes or goes, and spreads them evenly", () => {
      const owners = Array.from({ length: 8 }, (_, index) => ({ id: `worker:${index + 1}` }));
      const keys = Array.from({ length: 10_000 }, (_, index) => `user ${index}`);
      const id = (each: { id: string }) => each;
      const before = keys.map((key) => ownerOf(key, owners, id));
      for (const gone of owners) {
        const others = owners.filter((each) => each !== gone);
        const share = before.filter((owner) => owner === gone).length;
        expect(share).to.be.within(1150, 1350);
        for (const [index, key] of keys.entries()) {
          const owner = ownerOf(key, others, id);
          if (before[index] !== gone) expect(owner).to.equal(before[index]);
          else expect(others).to.include(owner);
        }
      }
    });
  });

  describe("and close", () => {
    it("waits for what waits, gives up at the end of its time, and refuses afterwards", async () => {
      const all = star(0);
      const any = all.bus.any("orders");
      const waiting = rejection(any.emit("job").ackd());
      await all.bus.close({ timeout: 20 });
      expect(await waiting).to.include({ code: "ERR_CLOSED", executed: "no" });
      expect(await rejection(any.emit("job").ackd())).to.include({
        code: "ERR_CLOSED",
        executed: "no",
      });
      expect(any.waiting).to.equal(0);
    });

    it("of a namespace ends what waits in that one", async () => {
      const all = star(0);
      const one = rejection(all.bus.ns("one").any("orders").emit("job").ackd());
      const two = all.bus.ns("two").any("orders").emit("job").ackd();
      await all.bus.ns("one").close({ timeout: 20 });
      expect(await one).to.include({ code: "ERR_CLOSED" });
      all
        .add("orders")
        .bus.ns("two")
        .on("job", () => 2);
      expect(await two).to.equal(2);
    });

    it("flushed() waits until what waits has found its peer", async () => {
      const all = star(0);
      const answer = all.bus.any("orders").emit("job").ackd();
      let isFlushed = false;
      const flushed = all.bus.flushed().then(() => {
        isFlushed = true;
      });
      await turn();
      expect(isFlushed).to.equal(false);
      all.add("orders").bus.on("job", () => 1);
      await flushed;
      expect(await answer).to.equal(1);
    });
  });

  it("takes what a layer answers in place of a peer", async () => {
    const all = star(1);
    all.rays[0]?.bus.on("job", () => "from there");
    all.bus.use((message, next) => {
      if (message.direction !== "outbound" || message.kind !== "event") return next();
      message.reply = "from the cache";
    });
    await ready(all);
    expect(await all.bus.any(everybody).emit("job").ackd()).to.equal("from the cache");
  });

  it("refuses wrong options at the call", () => {
    const { bus } = star(0);
    for (const concurrency of [0, -1, 1.5, "1", Number.NaN, null]) {
      expect(() => bus.any("orders", { concurrency } as never)).to.throw(TypeError, "concurrency");
    }
    expect(() => bus.any("orders", { conurrency: 1 } as never)).to.throw(
      TypeError,
      'did you mean "concurrency"',
    );
    const any = bus.any("orders");
    expect(() => any.emit("job", null, { key: 5 } as never)).to.throw(TypeError, "the option key");
    expect(() => any.emit("job", null, { kye: "5" } as never)).to.throw(
      TypeError,
      'did you mean "key"',
    );
    expect(() => bus.to("parent").emit("job", null, { key: "5" } as never)).to.throw(
      TypeError,
      "no option",
    );
  });
});

describe("a namespace that is closed over there, and opened again", () => {
  it("gets messages again, with a key or without", async () => {
    const all = star(2);
    const got: string[] = [];
    const open = (ray: Ray) => ray.bus.ns("job").on("job", () => void got.push(ray.peer.id));
    for (const ray of all.rays) open(ray);
    const app = all.bus.ns("job");
    for (const { peer } of all.rays) await app.to(peer).ready();
    const any = app.any(() => true);
    const [first] = all.rays;
    await first?.bus.ns("job").close();
    for (let count = 0; count < 4; count++) await any.emit("job", null, { key: `${count}` }).ackd();
    expect(new Set(got)).to.deep.equal(new Set(["ray:2"]));
    const opened = nextEvent(app.lifecycle, "ready");
    open(first as Ray);
    await opened;
    got.length = 0;
    for (let count = 0; count < 20; count++)
      await any.emit("job", null, { key: `${count}` }).ackd();
    expect(new Set(got)).to.deep.equal(new Set(["ray:1", "ray:2"]));
    got.length = 0;
    for (let count = 0; count < 4; count++) await any.emit("job").ackd();
    expect(got.toSorted()).to.deep.equal(["ray:1", "ray:1", "ray:2", "ray:2"]);
  });
});
