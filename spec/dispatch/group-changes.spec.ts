import { expect } from "chai";
import { WaitingList } from "../../lib/dispatch/waiting-list.ts";
import type { Peer } from "../../lib/message/peer.ts";
import { rejection, turn } from "../support/buses.ts";
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
  it("is there once, also if it comes back to its place", () => {
    const list = new WaitingList<{ number: number; hasLeft: boolean }>();
    const items = [1, 2, 3, 4, 5].map((number) => ({ number, hasLeft: false }));
    for (const item of items) list.add(item);
    const [, second] = items as [(typeof items)[0], (typeof items)[0]];
    second.hasLeft = true;
    list.left();
    list.add(second);
    second.hasLeft = false;
    expect(list.live().map(({ number }) => number)).to.deep.equal([1, 2, 3, 4, 5]);
    for (const item of items) {
      item.hasLeft = true;
      list.left();
    }
    expect(list.live()).to.deep.equal([]);
  });

  it("is not asked for one by one to see that it is gone", async () => {
    const all = star(1);
    const [ray] = all.rays;
    ray?.bus.on("job", () => 1);
    await all.bus.to(ray?.peer as Peer).ready();
    const any = all.bus.any(() => true, { concurrency: 1 });
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
