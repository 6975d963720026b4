import { expect } from "chai";
import type { Layer, Middleware, Next } from "../../lib/chain/layer.ts";
import { completed, run } from "../../lib/chain/run.ts";
import type { Message } from "../../lib/message/message.ts";
import { rejection, turn } from "../support/buses.ts";

const message = {} as Message;

describe("the chain", () => {
  let log: string[];
  const layer = (name: string): Middleware =>
    async function named(_, next) {
      log.push(`>${name}`);
      await next();
      log.push(`<${name}`);
    };
  const terminal = () => {
    log.push("end");
    return undefined;
  };
  /** Ends a terminal that waits. */
  let finish = () => {};
  const waiting = () => new Promise<void>((resolve) => (finish = resolve));

  beforeEach(() => {
    log = [];
  });

  it("is an onion", async () => {
    await run([layer("a"), layer("b")], message, terminal);
    expect(log.join(" ")).to.equal(">a >b end <b <a");
  });

  it("is over before it returns, if nothing in it waits", () => {
    const sync: Middleware = (_, next) => next();
    const result = run([sync, sync], message, terminal);
    expect(result).to.equal(undefined);
    expect(log).to.deep.equal(["end"]);
  });

  it("tells a synchronous layer that the rest is over", () => {
    let rest: Promise<void> | undefined;
    void run([(_, next) => (rest = next())], message, terminal);
    expect(rest).to.equal(completed);
  });

  it("returns a promise only when a layer waits, or the terminal does", async () => {
    const result = run([(_, next) => next()], message, waiting);
    expect(result).to.be.a("promise");
    finish();
    await result;
  });

  it("lasts as long as what a layer did not await", async () => {
    let isOver = false;
    const result = run(
      [
        (_, next) => {
          void next();
        },
      ],
      message,
      waiting,
    )?.then(() => (isOver = true));
    await turn();
    expect(isOver).to.equal(false);
    finish();
    await result;
    expect(isOver).to.equal(true);
  });

  it("rejects with the error of a layer that nobody awaited, and leaves no rejection unhandled", async () => {
    const forgetful: Middleware = (_, next) => {
      void next();
    };
    const failing: Middleware = async () => {
      await turn();
      throw new Error("forgotten");
    };
    const error = await rejection(Promise.resolve(run([forgetful, failing], message, terminal)));
    expect(error.message).to.equal("forgotten");
  });

  it("lets a layer catch what the rest of the chain throws", async () => {
    const catching: Middleware = async (_, next) => {
      await next().catch((error: Error) => log.push(error.message));
    };
    const failing: Middleware = async () => {
      throw new Error("inner");
    };
    await run([catching, failing], message, terminal);
    expect(log).to.deep.equal(["inner"]);
  });

  it("throws what a synchronous layer throws", () => {
    const failing: Middleware = () => {
      throw new Error("at once");
    };
    expect(() => run([(_, next) => next(), failing], message, terminal)).to.throw("at once");
  });

  it("takes a second next() for an error that names the layer", async () => {
    const twice: Middleware = async function greedy(_, next) {
      await next();
      await next();
    };
    const error = await rejection(Promise.resolve(run([twice], message, terminal)));
    expect(error.message).to.equal('next() was called twice in middleware "greedy"');
    expect(log).to.deep.equal(["end"]);
  });

  describe("does not send a message on when its layer has settled", () => {
    let late: Next | undefined;
    const dropping: Record<string, Middleware> = {
      "that dropped it": (_, next) => {
        late = next;
      },
      "that threw": (_, next) => {
        late = next;
        throw new Error("at once");
      },
      "that dropped it later": async (_, next) => {
        late = next;
        await turn();
      },
      "that rejected": async (_, next) => {
        late = next;
        await turn();
        throw new Error("later");
      },
    };
    const passing: Record<string, Middleware> = {
      "that had sent it on": (_, next) => {
        late = next;
        return next();
      },
      "that had sent it on later": async (_, next) => {
        late = next;
        await turn();
        await next();
      },
    };

    for (const [layers, reached] of [
      [dropping, []],
      [passing, ["end"]],
    ] as const) {
      for (const [what, layer] of Object.entries(layers)) {
        it(what, async () => {
          await Promise.resolve()
            .then(() => run([layer], message, terminal))
            .catch(() => undefined);
          expect(log).to.deep.equal(reached);
          const error = await rejection(late?.() ?? Promise.resolve());
          expect(error.message).to.equal(
            `next() was called after middleware "${what}" had settled; await what you wait for`,
          );
          expect(log).to.deep.equal(reached);
        });
      }
    }
  });

  it("takes a second next() for an error as long as the rest goes on", async () => {
    let again: Next | undefined;
    const result = run(
      [
        (_, next) => {
          again = next;
          void next();
        },
      ],
      message,
      waiting,
    );
    expect(() => again?.()).to.throw("next() was called twice in an unnamed middleware");
    finish();
    await result;
  });

  it("waits for whatever can be waited for, and for nothing else", async () => {
    const settled: string[] = [];
    const thenable = (name: string, on: object) =>
      Object.assign(on, {
        // biome-ignore lint/suspicious/noThenProperty: what a layer returns may be any thenable.
        then(resolve: () => void) {
          setImmediate(() => {
            settled.push(name);
            resolve();
          });
        },
      });
    for (const [name, on] of Object.entries({ object: {}, function: () => 1 })) {
      await run([() => thenable(name, on)], message, terminal);
      expect(settled.pop()).to.equal(name);
    }
    // biome-ignore lint/suspicious/noThenProperty: no thenable, though it looks like one.
    for (const value of [null, undefined, 5, "text", {}, { then: 5 }]) {
      expect(run([() => value], message, terminal)).to.equal(undefined);
    }
  });

  it("lasts, with a layer that waits itself, as long as the rest that it did not await", async () => {
    const forgetful: Middleware = async (_, next) => {
      void next();
      await turn();
    };
    let isOver = false;
    const result = run([forgetful], message, waiting)?.then(() => (isOver = true));
    for (let turns = 0; turns < 3; turns++) await turn();
    expect(isOver).to.equal(false);
    finish();
    await result;
  });

  describe("tells a layer that only wants to know how the rest ended", () => {
    let ended: unknown[];
    const watcher: Layer = Object.assign((() => undefined) as Middleware, {
      ends: (_: Message, thrown?: { cause: unknown }) => ended.push(thrown),
    });

    beforeEach(() => {
      ended = [];
    });

    it("at once, if nothing waits", () => {
      expect(run([watcher], message, terminal)).to.equal(undefined);
      expect(ended).to.deep.equal([undefined]);
    });

    it("later, if something does", async () => {
      const result = run([watcher, layer("a")], message, terminal);
      expect(ended).to.deep.equal([]);
      await result;
      expect(ended).to.deep.equal([undefined]);
    });

    it("of what is thrown, which goes no further", async () => {
      const cause = new Error("inner");
      const failing: Middleware[] = [
        () => {
          throw cause;
        },
        async () => {
          await turn();
          throw cause;
        },
      ];
      for (const layer of failing) await run([watcher, layer], message, terminal);
      expect(ended).to.deep.equal([{ cause }, { cause }]);
    });
  });

  it("passes by a layer that has nothing to do", () => {
    const entered = () => log.push("entered");
    const skipping: Layer = Object.assign(entered as Middleware, { skips: () => true });
    expect(run([skipping], message, terminal)).to.equal(undefined);
    expect(log).to.deep.equal(["end"]);
  });
});
