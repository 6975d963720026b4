import { expect } from "chai";
import { completed, type Middleware, type Next, run } from "../lib/chain.ts";
import type { Message } from "../lib/message.ts";
import { rejection, turn } from "./support/buses.ts";

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
    let finish = () => {};
    const waiting = () => new Promise<void>((resolve) => (finish = resolve));
    const result = run([(_, next) => next()], message, waiting);
    expect(result).to.be.a("promise");
    finish();
    await result;
  });

  it("lasts as long as what a layer did not await", async () => {
    let finish = () => {};
    const waiting = () => new Promise<void>((resolve) => (finish = resolve));
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

  it("does not send a message on that was dropped before", async () => {
    let late: Next | undefined;
    void run(
      [
        (_, next) => {
          late = next;
        },
      ],
      message,
      terminal,
    );
    const error = await rejection(late?.() ?? Promise.resolve());
    expect(error.message).to.match(/after an unnamed middleware had settled/);
    expect(log).to.deep.equal([]);
  });
});
