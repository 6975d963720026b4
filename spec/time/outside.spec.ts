import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { expect } from "chai";
import { outside, startTimer } from "../../lib/time/context.ts";
import { busPair } from "../support/buses.ts";

describe("outside of all contexts", () => {
  it("is so also within a context that was entered outside", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const see = async () => {
      seen.push(storage.getStore());
      await turn();
      seen.push(storage.getStore());
    };
    await storage.run("first", () =>
      outside(
        () =>
          storage.run("second", () =>
            Promise.all([
              outside(see, undefined),
              new Promise<void>((resolve) => {
                startTimer(() => {
                  seen.push(storage.getStore());
                  resolve();
                }, 1);
              }),
              outside(() => storage.run("third", () => outside(see, undefined)), undefined),
            ]),
          ),
        undefined,
      ),
    );
    expect(seen).to.deep.equal(Array.from({ length: 5 }, () => undefined));
  });

  it("is not where the one before has entered a context for good", async () => {
    const storage = new AsyncLocalStorage<string>();
    const { a, b, toB } = busPair();
    b.on("enter", (name: unknown) => {
      const found = storage.getStore();
      storage.enterWith(name as string);
      return found ?? "nothing";
    });
    const found: unknown[] = [];
    for (const name of ["first", "second", "third"]) {
      found.push(await a.to(toB).emit("enter", name).ackd());
    }
    expect(found).to.deep.equal(["nothing", "nothing", "nothing"]);
    expect(storage.getStore()).to.equal(undefined);
  });
});
