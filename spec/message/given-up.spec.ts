import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import type { Message } from "../../lib/index.ts";
import { busPair, rejection } from "../support/buses.ts";

/** Ways in which a listener ends when its signal tells it that the time is over. */
const WAYS: Record<string, (message: Message) => Promise<unknown>> = {
  "with the reason of its signal": ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    }),
  "with the AbortError of what it waits for": ({ signal }) => wait(60_000, 1, { signal }),
};

describe("a listener that gives up as its time is over", () => {
  for (const [way, listener] of Object.entries(WAYS)) {
    it(`is a time-out to the sender, ${way}, whosever clock is ahead`, async () => {
      const { a, b, toB } = busPair();
      b.on("work", (_, message) => listener(message));
      await rejection(a.to(toB).emit("nothing").ackd());
      const each = Array.from({ length: 20 }, (_, index) =>
        rejection(
          a
            .to(toB)
            .emit("work")
            .within(20 + index)
            .ackd(),
        ),
      );
      for (const error of await Promise.all(each)) {
        expect(error).to.have.property("code", "ERR_ACK_TIMEOUT");
        expect(error).to.have.property("executed").that.is.oneOf(["yes", "maybe"]);
        if (error.executed === "yes") {
          expect(error.message).to.include('a listener of "work" gave up, as its time is over: ');
          expect(error.cause).to.be.instanceOf(Error);
        }
      }
    });
  }

  it("is one also where it waited for somebody else within the same time", async () => {
    const [first, second] = [busPair(), busPair()];
    second.b.on("hang", () => new Promise(() => {}));
    first.b.on("ask", () => second.a.to(second.toB).emit("hang").ackd());
    await rejection(second.a.to(second.toB).emit("nothing").ackd());
    const each = Array.from({ length: 20 }, (_, index) =>
      rejection(
        first.a
          .to(first.toB)
          .emit("ask")
          .within(20 + index)
          .ackd(),
      ),
    );
    for (const { code } of await Promise.all(each)) expect(code).to.equal("ERR_ACK_TIMEOUT");
  });

  it("has failed, where it has time left and only what it asked for has none", async () => {
    const { a, b, toB, toA } = busPair();
    a.on("hang", () => new Promise(() => {}));
    b.on("ask", () => b.to(toA).emit("hang").within(10).ackd());
    const error = await rejection(a.to(toB).emit("ask").within(60_000).ackd());
    expect(error).to.include({ code: "ERR_REMOTE", executed: "yes" });
    expect(error.cause).to.have.property("code", "ERR_ACK_TIMEOUT");
  });

  it("has failed, where it has been given no time", async () => {
    const { a, b, toB, toA } = busPair();
    a.on("hang", () => new Promise(() => {}));
    b.on("ask", () => b.to(toA).emit("hang").within(10).ackd());
    const error = await rejection(a.to(toB).emit("ask").ackd());
    expect(error).to.include({ code: "ERR_REMOTE", executed: "yes" });
  });
});
