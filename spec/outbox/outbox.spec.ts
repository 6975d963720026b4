import { expect } from "chai";
import type { EmitOptions } from "../../lib/message/options.ts";
import { type BusPair, busPair, rejection, turn } from "../support/buses.ts";
import { countHeld } from "../support/memory.ts";

const NAMESPACE = "_";

async function ready(pair: BusPair): Promise<void> {
  while (!pair.toB.isReady(NAMESPACE)) await turn();
}

describe("what settles before it is written", () => {
  for (const serialization of ["json", "clone"] as const) {
    describe(`over ${serialization}`, () => {
      let pair: BusPair;
      let noted: unknown[];
      const target = () => pair.a.to(pair.toB);
      const cancelled = (controller: AbortController, options: EmitOptions = {}) =>
        rejection(
          target()
            .emit("note", -1, { signal: controller.signal, ...options })
            .ackd(),
        );

      beforeEach(async () => {
        pair = busPair(serialization);
        noted = [];
        pair.b.on("note", (data) => {
          noted.push(data);
        });
        await ready(pair);
        pair.left.stop();
        target().emit("note", 0);
        await turn();
      });

      it("is let go while the channel stands still; what is left arrives, in order", async () => {
        const { outbox } = pair.toB;
        const before = outbox.size;
        for (let round = 0; round < 10; round++) {
          const controller = new AbortController();
          const ends: Promise<unknown>[] = [];
          for (let i = 0; i < 50; i++) {
            ends.push(cancelled(controller));
            if (i === 25) target().emit("note", round + 1);
          }
          await turn();
          controller.abort();
          for (const end of ends) expect(await end).to.include({ executed: "no" });
        }
        expect(outbox.size).to.be.below(before + 25);
        pair.left.resume();
        await pair.a.flushed();
        await turn();
        expect(noted).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        expect(outbox.size).to.equal(0);
        expect(pair.toB.backlog.waiting).to.equal(0);
      });

      it("leaves nothing of a bundle of which everything has settled", async () => {
        const { outbox } = pair.toB;
        const before = outbox.size;
        for (let round = 0; round < 3; round++) {
          const ends = Array.from({ length: 1000 }, () =>
            rejection(target().emit("note", -1).within(1).ackd()),
          );
          for (const end of ends) expect(await end).to.include({ executed: "no" });
        }
        expect(outbox.size).to.equal(before);
      });

      it("is not waited for by flushed(), nor is anything else waited for less", async () => {
        const controller = new AbortController();
        const flushed: string[] = [];
        target().emit("note", 1);
        void pair.a.flushed().then(() => flushed.push(`first, after ${noted.at(-1)}`));
        const ends = [1, 2, 3, 4].map(() => cancelled(controller));
        target().emit("note", 2);
        const last = pair.a.flushed().then(() => flushed.push("last"));
        await turn();
        controller.abort();
        await Promise.all(ends);
        await turn();
        expect(flushed).to.deep.equal([]);
        pair.left.resume();
        await last;
        expect(flushed.at(-1)).to.equal("last");
      });
    });
  }
});

describe("a lane that never runs empty", () => {
  it("keeps nothing of what has passed, nor of what has settled while it waited", async () => {
    const pair = busPair();
    const passed: WeakRef<object>[] = [];
    let release = (): void => undefined;
    pair.b.on("note", () => undefined);
    await ready(pair);
    pair.a.use(async (message, next) => {
      if (message.direction === "outbound" && message.kind === "event") {
        await new Promise<void>((resolve) => (release = resolve));
      }
      await next();
    });
    const emit = (signal?: AbortSignal): Promise<unknown> => {
      const data = { text: "some" };
      passed.push(new WeakRef(data));
      return pair.a.to(pair.toB).emit("note", data, { signal }).ackd();
    };
    const first = emit();
    const second = emit();
    const controller = new AbortController();
    const settled = [1, 2, 3].map(() => rejection(emit(controller.signal)));
    controller.abort();
    for (const each of settled) expect(await each).to.include({ code: "ERR_CANCELLED" });
    for (let i = 0; i < 2; i++) {
      void emit().catch(() => undefined);
      passed.pop();
    }
    for (const each of [first, second]) {
      release();
      await each;
      await turn();
    }
    // What tests can look at holds the payloads, too.
    pair.left.sent.length = 0;
    expect(await countHeld(passed)).to.equal(0);
    pair.cut();
  });
});
