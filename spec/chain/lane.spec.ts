import { expect } from "chai";
import { Lane, type LaneRoute } from "../../lib/chain/lane.ts";
import type { OutboundEvent } from "../../lib/message/outbound-event.ts";
import { turn } from "../support/buses.ts";

/** What a lane asks of a message. */
interface Stub {
  readonly name: string;
  stage: string;
  abandoned: boolean;
  refuse(thrown?: { cause: unknown }): void;
}

describe("a lane", () => {
  let handed: string[];
  let refused: string[];
  let release: () => void;
  let hasRoom: boolean;
  let lane: Lane<OutboundEvent>;

  function message(name: string): OutboundEvent {
    const stub: Stub = {
      name,
      stage: "chain",
      abandoned: false,
      refuse: () => refused.push(name),
    };
    return stub as unknown as OutboundEvent;
  }
  const names = () => lane.unfinished().map((each) => (each as unknown as Stub).name);

  beforeEach(() => {
    handed = [];
    refused = [];
    hasRoom = true;
    const track: LaneRoute<OutboundEvent> = {
      layers: () => [
        async (_, next) => {
          await new Promise<void>((resolve) => (release = resolve));
          await next();
        },
      ],
      admit: () => hasRoom,
      leave: () => {},
      hand(each) {
        const stub = each as unknown as Stub;
        stub.stage = "handed";
        handed.push(stub.name);
      },
      idle: () => {},
    };
    lane = new Lane(track);
  });

  it("knows what has not reached its end: the one in the chain, and those behind it", async () => {
    for (const name of ["a", "b", "c"]) lane.enter(message(name));
    expect(names()).to.deep.equal(["a", "b", "c"]);
    release();
    while (handed.length < 1) await turn();
    await turn();
    expect(names()).to.deep.equal(["b", "c"]);
    for (let i = 2; i <= 3; i++) {
      release();
      while (handed.length < i) await turn();
      await turn();
    }
    expect(handed).to.deep.equal(["a", "b", "c"]);
    expect(names()).to.deep.equal([]);
    expect(lane.isIdle).to.equal(true);
    expect(refused).to.deep.equal([]);
  });

  it("keeps nothing of what has no room to wait", () => {
    lane.enter(message("a"));
    hasRoom = false;
    lane.enter(message("b"));
    expect(names()).to.deep.equal(["a"]);
  });
});
