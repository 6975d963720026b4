import { AsyncLocalStorage } from "node:async_hooks";
import { expect } from "chai";
import { ownerOf } from "../../lib/dispatch/rendezvous.ts";
import { rejection, turn } from "../support/buses.ts";
import { type Ray, type Star, star } from "../support/star.ts";

const everybody = () => true;
/** So long a text is not told with others. */
const LONG = "x".repeat(5000);

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn();
}

async function ready({ bus, rays }: Star): Promise<void> {
  for (const { peer } of rays) await bus.to(peer).ready();
}

interface Job {
  readonly ray: Ray;
  readonly data: unknown;
  answer(value?: unknown): void;
}

/** Everybody listens, and answers when it is told to; in the order in which jobs came. */
function listening(rays: readonly Ray[]): Job[] {
  const jobs: Job[] = [];
  for (const ray of rays) {
    ray.bus.on("job", (data) => new Promise((answer) => jobs.push({ ray, data, answer })));
  }
  return jobs;
}

/** A plain text would be the same for every channel. */
interface Sent {
  readonly hops: string[];
  readonly at: Date;
}

describe("what goes elsewhere", () => {
  it("says that it may have run, if it may have where it was before", async () => {
    const all = star(1);
    const jobs = listening(all.rays);
    await ready(all);
    const any = all.bus.any(everybody);
    const late = rejection(any.emit("job", null, { idempotent: true }).within(60).ackd());
    await until(() => jobs.length === 1);
    all.rays[0]?.cut();
    expect(await late).to.include({ code: "ERR_ACK_TIMEOUT", executed: "maybe" });
    // The next refuses it.
    const two = all.add();
    const others = listening([two]);
    await all.bus.to(two.peer).ready();
    const refused = rejection(any.emit("job", null, { idempotent: true }).ackd());
    await until(() => others.length === 1);
    const three = all.add();
    three.bus.on("another", () => 1);
    await all.bus.to(three.peer).ready();
    two.cut();
    const error = await refused;
    expect(error).to.include({ code: "ERR_UNHANDLED", executed: "maybe" });
    expect(error.message).to.include("before that it was given to ray:2");
  });

  it("keeps what it was sent with, whatever a layer did for another peer", async () => {
    for (const serialization of ["json", "clone"] as const) {
      const all = star(0);
      for (let index = 0; index < 3; index++) all.add(undefined, serialization);
      const jobs = listening(all.rays);
      await ready(all);
      all.bus.use((message, next) => {
        if (message.direction === "outbound" && message.kind === "event")
          (message.data as Sent).hops.push(message.peer.id);
        return next();
      });
      const data: Sent = { hops: [], at: new Date(5) };
      const answer = all.bus.any(everybody).emit("job", data, { idempotent: true }).ackd();
      for (let index = 0; index < 3; index++) {
        await until(() => jobs.length === index + 1);
        expect(jobs[index]?.data)
          .to.have.property("hops")
          .to.deep.equal([jobs[index]?.ray.peer.id]);
        if (index < 2) jobs[index]?.ray.cut();
      }
      jobs[2]?.answer("done");
      expect(await answer).to.equal("done");
    }
  });

  it("reaches each of a mixed group as its channel would carry it", async () => {
    const all = star(0);
    all.add(undefined, "json");
    all.add(undefined, "clone");
    const jobs = listening(all.rays);
    await ready(all);
    const data = { at: new Date(5), map: new Map([["a", 1]]) };
    const answer = all.bus.any(everybody).emit("job", data, { idempotent: true }).ackd();
    await until(() => jobs.length === 1);
    expect(jobs[0]?.data).to.deep.equal({ at: new Date(5).toJSON(), map: {} });
    jobs[0]?.ray.cut();
    await until(() => jobs.length === 2);
    expect(jobs[1]?.data).to.deep.equal(data);
    jobs[1]?.answer();
    await answer;
  });

  it("has waited for one channel and goes over another, where its data is the same on any", async () => {
    const all = star(0);
    const first = all.add(undefined, "clone");
    const held = listening(all.rays);
    await ready(all);
    const any = all.bus.any(everybody, { concurrency: 1 });
    const busy = rejection(any.emit("job").ackd());
    await until(() => held.length === 1);
    const answers = [undefined, { tea: [1, "\u00e9"] }, LONG].map((data) =>
      any.emit("job", data).ackd(),
    );
    const dated = rejection(
      any
        .emit("job", { at: new Date(5) })
        .within(2000)
        .ackd(),
    );
    first.cut();
    await busy;
    all.add(undefined, "json").bus.on("job", (data) => [data]);
    expect(await Promise.all(answers)).to.deep.equal([[null], [{ tea: [1, "\u00e9"] }], [LONG]]);
    expect(any.waiting).to.equal(1);
    expect((await dated).message).to.include("can take it");
  });

  it("has its data still where the link ends that was about to take it", async () => {
    const all = star(2);
    const jobs = listening(all.rays);
    await ready(all);
    const [first] = all.rays;
    if (!first) throw new Error("nobody is there");
    first.link.send = () => {
      first.peer.closed({ reason: "cannot go on" });
      return true;
    };
    const any = all.bus.any(everybody);
    for (let number = 0; number < 4; number++) any.emit("job", { number });
    await until(() => jobs.length === 4);
    const numbers = jobs.map(({ data }) => (data as { number: number } | null)?.number);
    expect(numbers.toSorted()).to.deep.equal([0, 1, 2, 3]);
  });

  it("crosses its layers in the context of its emit each time, and keeps none", async () => {
    const all = star(2);
    const jobs = listening(all.rays);
    await ready(all);
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    all.bus.use((message, next) => {
      if (message.direction === "outbound" && message.kind === "event")
        seen.push(storage.getStore());
      return next();
    });
    const any = all.bus.any(everybody, { concurrency: 1 });
    const answer = storage.run("mine", () => any.emit("job", 1, { idempotent: true }).ackd());
    await until(() => jobs.length === 1);
    jobs[0]?.ray.cut();
    await until(() => jobs.length === 2);
    const waited = storage.run("yours", () => any.emit("job", 2, { idempotent: true }).ackd());
    jobs[1]?.answer();
    await answer;
    await until(() => jobs.length === 3);
    jobs[2]?.ray.cut();
    const third = all.add();
    const more = listening([third]);
    await until(() => more.length === 1);
    more[0]?.answer();
    await waited;
    expect(seen).to.deep.equal(["mine", "mine", "yours", "yours"]);
  });

  it("is lined up once when it comes back", async () => {
    const all = star(3);
    const jobs = listening(all.rays);
    await ready(all);
    const any = all.bus.any(everybody, { concurrency: 1 });
    const options = { idempotent: true };
    const answers = Array.from({ length: 40 }, (_, index) =>
      any.emit("job", index, options).ackd(),
    );
    await until(() => jobs.length === 3);
    // The fourth waited before, and comes back while others wait around it.
    jobs[0]?.answer();
    await until(() => jobs.length === 4);
    jobs[3]?.ray.cut();
    await turn();
    await turn();
    expect(any.waiting).to.equal(37);
    for (let index = 1; index < 41; index++) {
      await until(() => jobs.length > index);
      if (index !== 3) jobs[index]?.answer();
    }
    await Promise.all(answers);
    expect(jobs.map(({ data }) => data).toSorted((a, b) => Number(a) - Number(b))).to.have.length(
      41,
    );
    expect(any.waiting).to.equal(0);
  });
});

describe("messages of a key", () => {
  /** A key that belongs to the second of those, but to the first alone. */
  function movingKey(...ids: string[]): string {
    const owners = ids.map((id) => ({ id }));
    for (let number = 0; ; number++) {
      if (ownerOf(`${number}`, owners, (each) => each)?.id === ids.at(-1)) return `${number}`;
    }
  }

  it("stay with who has the earlier ones, when another comes, until those are answered", async () => {
    const all = star(1);
    const jobs = listening(all.rays);
    await ready(all);
    const any = all.bus.any(everybody);
    const key = movingKey("ray:1", "ray:2");
    const first = any.emit("job", 1, { key }).ackd();
    await until(() => jobs.length === 1);
    const two = all.add();
    const others = listening([two]);
    await all.bus.to(two.peer).ready();
    const second = any.emit("job", 2, { key }).ackd();
    for (let index = 0; index < 5; index++) await turn();
    expect(others).to.have.length(0);
    jobs[0]?.answer("one");
    expect(await first).to.equal("one");
    await until(() => others.length > 0);
    expect(others[0]?.data).to.equal(2);
    others[0]?.answer("two");
    expect(await second).to.equal("two");
  });

  it("keep their order when who has them closes, and refuses them one by one", async () => {
    const all = star(2);
    const got: unknown[] = [];
    for (const { bus } of all.rays) bus.on("job", (data) => got.push(data));
    await ready(all);
    const any = all.bus.any(everybody);
    const key = movingKey("ray:2", "ray:1");
    const closing = all.rays[0]?.bus.close();
    const answers = [any.emit("job", 1, { key }).ackd(), any.emit("job", 2, { key }).ackd()];
    await until(() => all.rays[0]?.peer.state !== "up");
    answers.push(any.emit("job", 3, { key }).ackd());
    await Promise.all(answers);
    await closing;
    expect(got).to.deep.equal([1, 2, 3]);
  });
});
