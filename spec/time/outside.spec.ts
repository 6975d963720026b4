import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { expect } from "chai";
import { outside, startTimer } from "../../lib/time/context.ts";

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
});
