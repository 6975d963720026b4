import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import type { Link } from "../../lib/links/link.ts";
import type { Backlog } from "../../lib/outbox/backlog.ts";
import { Progress } from "../../lib/outbox/progress.ts";
import { Unwritten } from "../../lib/outbox/unwritten.ts";
import { Note } from "../../lib/wire/note.ts";

/** Bytes of what is in a frame. */
const SIZE = 2 ** 13;
const FRAMES = 2000;
/** Frames on their way at a time. */
const DEPTH = 3;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options: { type: "minor" | "major" }) => void;

/** Something of that many bytes in the heap. */
class Heavy extends Note {
  readonly load = Array.from({ length: SIZE / 8 }, (_, index) => index / 3);
}

/** A channel that takes frames when it is told to. */
function channel() {
  const dones: (() => void)[] = [];
  const link = {
    send(_frame: object, _handle: undefined, done: () => void) {
      dones.push(done);
      return true;
    },
  } as unknown as Link;
  const backlog = { isFull: false, unwritten: 0, give() {}, took() {} } as unknown as Backlog;
  return { peer: { link, backlog }, take: () => dones.shift()?.() };
}

describe("frames that have left the process", () => {
  it("are collected young, however old the list is that they were in", () => {
    const { peer, take } = channel();
    const unwritten = new Unwritten(peer, { ended() {} });
    const progress = new Progress();
    const give = () => {
      const parcels = [new Heavy([])];
      unwritten.give({ frame: {}, parcels, consumed: 1, bytes: SIZE }, progress.take(0));
      if (unwritten.size > DEPTH) take();
    };
    for (let frame = 0; frame < DEPTH * 2; frame++) give();
    // What is still needed is old from here on.
    collect({ type: "major" });
    collect({ type: "major" });
    const before = process.memoryUsage().heapUsed;
    for (let frame = 0; frame < FRAMES; frame++) {
      give();
      if (frame % 50 === 0) collect({ type: "minor" });
    }
    collect({ type: "minor" });
    const kept = process.memoryUsage().heapUsed - before;
    expect(kept).to.be.below((FRAMES * SIZE) / 8);
    expect(unwritten.size).to.equal(DEPTH);
  });
});
