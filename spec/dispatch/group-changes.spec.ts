import { expect } from "chai";
import { WaitingList } from "../../lib/dispatch/waiting-list.ts";
import type { Peer } from "../../lib/message/peer.ts";
import { rejection, turn } from "../support/buses.ts";
import { countHeld } from "../support/memory.ts";
import { star } from "../support/star.ts";

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn();
}

describe("a group that is chosen by a function", () => {
  it("is looked at again when any namespace opens", async () => {
    const all = star(1);
    const [ray] = all.rays;
    ray?.bus.on("job", (data) => data);
    await all.bus.to(ray?.peer as Peer).ready();
    const answer = all.bus
      .any((peer) => peer.isReady("other"))
      .emit("job", 1)
      .ackd();
    await turn();
    ray?.bus.ns("other").on("anything", () => 1);
    expect(await answer).to.equal(1);
  });

  it("throws at the call what the function throws, and fails what waits with it, and no other", async () => {
    const all = star(1);
    const [ray] = all.rays;
    const jobs: (() => void)[] = [];
    ray?.bus.on("job", () => new Promise<void>((answer) => jobs.push(answer)));
    await all.bus.to(ray?.peer as Peer).ready();
    let fault: Error | undefined;
    const any = all.bus.any(
      () => {
        if (fault) throw fault;
        return true;
      },
      { concurrency: 1 },
    );
    const first = any.emit("job").ackd();
    const waiting = rejection(any.emit("job").ackd());
    const others = all.bus
      .any(() => true, { concurrency: 1 })
      .emit("job")
      .ackd();
    fault = new RangeError("no such peer");
    await until(() => jobs.length === 1);
    jobs[0]?.();
    await first;
    const error = await waiting;
    expect(error).to.include({ code: "ERR_REFUSED", executed: "no", cause: fault });
    expect(error.message).to.include("the function that chooses them has thrown no such peer");
    expect(() => any.emit("job")).to.throw(RangeError, "no such peer");
    expect(() =>
      all.bus
        .all(() => {
          throw fault;
        })
        .emit("job"),
    ).to.throw(RangeError);
    await until(() => jobs.length === 2);
    jobs[1]?.();
    await others;
    expect(any.waiting).to.equal(0);
  });

  it("whose function throws when a peer goes keeps nobody from seeing that", async () => {
    const all = star(2);
    for (const { bus } of all.rays) bus.on("job", () => new Promise(() => undefined));
    for (const { peer } of all.rays) await all.bus.to(peer).ready();
    let isBroken = false;
    const chosen = () => {
      if (isBroken) throw new Error("broken");
      return true;
    };
    const options = { idempotent: true };
    const answer = rejection(all.bus.any(chosen).emit("job", [1], options).ackd());
    const direct = rejection(
      all.bus
        .to(all.rays[0]?.peer as Peer)
        .emit("job")
        .ackd(),
    );
    await until(() => all.rays[0]?.peer.inFlight === 2);
    isBroken = true;
    all.rays[0]?.cut();
    expect(await direct).to.include({ code: "ERR_PEER_DIED" });
    expect(await answer).to.include({ code: "ERR_REFUSED", executed: "maybe" });
  });
});

describe("what waits in line", () => {
  class Waiting {
    before: Waiting | undefined = undefined;
    behind: Waiting | undefined = undefined;
    readonly number: number;

    constructor(number: number) {
      this.number = number;
    }
  }
  /** Somebody who answers at once, and is given one job at a time. */
  async function oneAtATime() {
    const all = star(1);
    const [ray] = all.rays;
    ray?.bus.on("job", () => 1);
    await all.bus.to(ray?.peer as Peer).ready();
    const any = all.bus.any(() => true, { concurrency: 1 });
    return { all, any };
  }

  const numbersIn = (list: WaitingList<Waiting>) => list.all().map(({ number }) => number);

  it("is there once, also if it comes back to its place", () => {
    for (const place of [0, 1, 4]) {
      const list = new WaitingList<Waiting>();
      const items = [1, 2, 3, 4, 5].map((number) => new Waiting(number));
      for (const item of items) list.add(item);
      const again = items[place] as Waiting;
      list.remove(again);
      expect(numbersIn(list)).to.have.lengthOf(4).and.not.include(again.number);
      list.add(again);
      expect(numbersIn(list)).to.deep.equal([1, 2, 3, 4, 5]);
      expect(list.first(({ number }) => number > 2)).to.equal(items[2]);
      for (const item of items) list.remove(item);
      expect(numbersIn(list)).to.deep.equal([]);
    }
  });

  it("is all that is kept, though there is always something that waits", async () => {
    const { any } = await oneAtATime();
    const settled: WeakRef<object>[] = [];
    let isEnough = false;
    const keepOnEmitting = async (): Promise<void> => {
      while (!isEnough) {
        const answer = any.emit("job").ackd();
        settled.push(new WeakRef(answer));
        await answer;
      }
    };
    const emitters = Array.from({ length: 4 }, keepOnEmitting);
    await until(() => settled.length > 500);
    const { waiting } = any;
    const held = await countHeld(settled.slice(0, 400));
    isEnough = true;
    await Promise.all(emitters);
    expect(waiting).to.be.above(0);
    expect(held).to.equal(0);
  });

  it("is not asked for one by one to see that it is gone", async () => {
    const { all, any } = await oneAtATime();
    let looks = 0;
    const answers = Array.from({ length: 3000 }, (_, index) => any.emit("job", index).ackd());
    const { waiting } = all.hub.lines;
    all.hub.lines.waiting = (scope) => {
      looks++;
      return waiting.call(all.hub.lines, scope);
    };
    await all.bus.flushed();
    await all.bus.close();
    await Promise.all(answers);
    expect(looks).to.be.below(10);
  });

  it("of a namespace is forgotten when that is closed", async () => {
    const all = star(0);
    const one = all.bus.ns("one");
    const any = one.any("orders");
    expect(all.bus.ns("one").any("orders")).to.have.property("waiting", 0);
    const answer = rejection(any.emit("job").ackd());
    await one.close({ timeout: 1 });
    await answer;
    all.bus.ns("one").on("opens", () => 1);
    const again = left(all.bus.ns("one").any("orders").emit("job").ackd());
    expect(any.waiting).to.equal(0);
    all
      .add("orders")
      .bus.ns("one")
      .on("job", () => "again");
    expect(await again).to.equal("again");
  });
});

function left<Value>(answer: Promise<Value>): Promise<Value> {
  answer.catch(() => undefined);
  return answer;
}
