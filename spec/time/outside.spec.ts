import { AsyncLocalStorage, createHook } from "node:async_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { nextTickOutside, outside, startTimer } from "../../lib/time/context.ts";
import { busPair } from "../support/buses.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

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

  it("is so where the package is loaded within one, as by a request that imports what it needs", async () => {
    const storage = new AsyncLocalStorage<string>();
    const module = new URL("../../lib/time/context.js?loaded=within", import.meta.url).href;
    const loaded = (await storage.run("the request's", () => import(module))) as {
      outside: typeof outside;
      startTimer: typeof startTimer;
      nextTickOutside: typeof nextTickOutside;
    };
    const seen: unknown[] = [loaded.outside(() => storage.getStore(), undefined)];
    const see = (resolve: () => void) => () => {
      seen.push(storage.getStore());
      resolve();
    };
    await new Promise<void>((resolve) => loaded.startTimer(see(resolve), 1));
    await new Promise<void>((resolve) => loaded.nextTickOutside(see(resolve)));
    expect(seen).to.deep.equal([undefined, undefined, undefined]);
  });

  it("leaves nothing in the books of who watches asynchronous resources", async () => {
    const alive = new Set<number>();
    const hook = createHook({
      init(id, type) {
        if (type === "clusterphone") alive.add(id);
      },
      destroy(id) {
        alive.delete(id);
      },
    });
    hook.enable();
    const most = 1000;
    for (let i = 0; i < most * 2; i++) outside(() => undefined, undefined);
    for (let turns = 0; turns < 200 && alive.size > most; turns++) {
      await turn();
      collect();
    }
    hook.disable();
    expect(alive.size).to.be.below(most);
  });

  it("is a scope of its own for each tick", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const enter = (name: string) =>
      new Promise<void>((resolve) => {
        nextTickOutside(() => {
          seen.push(storage.getStore());
          storage.enterWith(name);
          resolve();
        });
      });
    await enter("first");
    await enter("second");
    expect(seen).to.deep.equal([undefined, undefined]);
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
