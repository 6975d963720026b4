import { createContext, runInContext, runInNewContext } from "node:vm";
import { MessageChannel } from "node:worker_threads";
import { expect } from "chai";
import { decodeFailure } from "../../lib/wire/remote-error.ts";
import { type BusPair, busPair, lonelyBus, rejection } from "../support/buses.ts";

const KINDS = ["json", "clone"] as const;

/** The error of a listener, as it arrives at the sender. */
async function arrives(
  thrown: unknown,
  pair: BusPair = busPair("clone"),
): Promise<Error & Record<string, unknown>> {
  pair.b.on("fails", () => {
    throw thrown;
  });
  const error = await rejection(pair.a.to(pair.toB).emit("fails").ackd());
  expect(error["code"]).to.equal("ERR_REMOTE");
  return error.cause as Error & Record<string, unknown>;
}

describe("the error of a listener", () => {
  for (const kind of KINDS) {
    describe(`over ${kind}`, () => {
      it("arrives with all of its texts", async () => {
        const thrown = Object.assign(new SyntaxError("é".repeat(50_000)), {
          stdout: "o".repeat(30_000),
          code: "E_LONG",
        });
        const error = await arrives(thrown, busPair(kind));
        expect(error).to.be.instanceOf(SyntaxError);
        expect(error.message).to.equal(thrown.message);
        expect(error.stack).to.equal(thrown.stack);
        expect(error["stdout"]).to.equal(thrown.stdout);
        expect(error["code"]).to.equal("E_LONG");
        expect(error).not.to.have.property("truncated");
      });

      it("arrives with all that it aggregates, and all causes", async () => {
        const errors = Array.from({ length: 300 }, (_, n) => new RangeError(`number ${n}`));
        let cause = new Error("the root");
        for (let n = 0; n < 60; n++) cause = new Error(`cause ${n}`, { cause });
        const error = await arrives(new AggregateError(errors, "many", { cause }), busPair(kind));
        expect(error).to.be.instanceOf(AggregateError);
        const arrived = error["errors"] as Error[];
        expect(arrived.map(({ message }) => message)).to.deep.equal(
          errors.map((each) => each.message),
        );
        expect(arrived.every((each) => each instanceof RangeError)).to.equal(true);
        let depth = 0;
        for (let each = error.cause; each instanceof Error; each = each.cause) depth++;
        expect(depth).to.equal(61);
      });

      it("arrives with the errors in its fields, also where they refer to each other", async () => {
        const original = new TypeError("the database is down");
        const details = { list: [1, original, { message: "no error" }], name: "details" };
        const thrown = Object.assign(new Error("outer"), { original, details });
        Object.assign(thrown, { itself: thrown });
        const error = await arrives(thrown, busPair(kind));
        const arrived = error["details"] as { list: unknown[]; name: string };
        expect(error["original"]).to.be.instanceOf(TypeError);
        expect(arrived.list[1]).to.equal(error["original"]);
        expect(arrived.list[2]).to.deep.equal({ message: "no error" });
        expect(arrived.name).to.equal("details");
        expect(error["itself"]).to.equal(error);
      });

      it("arrives with the errors in lists and objects of any class or realm", async () => {
        const inner = new RangeError("inner");
        const instance = new (class Response {
          readonly failure = inner;
        })();
        const elsewhere = createContext({ inner });
        const foreign: unknown = runInContext("({ failure: inner, list: [inner] })", elsewhere);
        const many: unknown = runInContext("new AggregateError([inner], 'many')", elsewhere);
        const error = await arrives(
          Object.assign(new Error("outer"), { instance, foreign, many }),
          busPair(kind),
        );
        const arrived = (error["many"] as AggregateError).errors[0] as Error;
        expect(arrived).to.be.instanceOf(RangeError).with.property("message", "inner");
        expect(error["instance"]).to.deep.equal({ failure: arrived });
        expect(error["foreign"]).to.deep.equal({ failure: arrived, list: [arrived] });
      });

      it("arrives where it says of itself that it is something else", async () => {
        const text =
          "class Aborted extends Error { get [Symbol.toStringTag]() { return 'DOMException' } }";
        const foreign: unknown = runInNewContext(`${text}; new Aborted("from elsewhere")`);
        const own = runInNewContext(`${text.replace("DOMException", "Own")}; new Aborted("own")`);
        const behind = new Proxy(new TypeError("behind a proxy"), {});
        const thrown = new Error("outer", { cause: behind });
        const error = await arrives(Object.assign(thrown, { foreign, own }), busPair(kind));
        expect(error.cause).to.be.instanceOf(TypeError).with.property("message", "behind a proxy");
        expect(error["foreign"]).to.be.instanceOf(Error).with.property("message", "from elsewhere");
        expect(error["own"]).to.be.instanceOf(Error).with.property("message", "own");
        expect(await arrives(foreign, busPair(kind))).to.have.property("message", "from elsewhere");
      });

      it("arrives with a code that is neither a text nor a number, and with what else stands for its message", async () => {
        const thrown = Object.assign(new Error(), { code: { status: 404 }, message: 42 });
        const error = await arrives(thrown, busPair(kind));
        expect(error["code"]).to.deep.equal({ status: 404 });
        expect(error.message).to.equal("42");
      });

      it("arrives with what it suppressed", async () => {
        const thrown = Object.assign(new Error("both failed"), { name: "SuppressedError" });
        Object.defineProperty(thrown, "error", { value: new TypeError("of the disposal") });
        Object.defineProperty(thrown, "suppressed", { value: new RangeError("of the body") });
        const error = await arrives(thrown, busPair(kind));
        expect(error["error"]).to.be.instanceOf(TypeError);
        expect(error["suppressed"]).to.be.instanceOf(RangeError);
        expect(Object.keys(error)).not.to.include("error").and.not.to.include("suppressed");
        const other = Object.assign(new Error("other"), { error: new TypeError("a field") });
        expect(Object.keys(await arrives(other, busPair(kind)))).to.include("error");
      });

      it("leaves out the fields that the channel does not take, and no others", async () => {
        const circle: Record<string, unknown> = {};
        circle["circle"] = circle;
        const thrown = Object.assign(new Error("fields"), { run() {}, circle, kept: { a: 1 } });
        Object.defineProperty(thrown, "fails", {
          enumerable: true,
          get() {
            throw new Error("it does not want to be read");
          },
        });
        const error = await arrives(thrown, busPair(kind));
        expect(Object.keys(error)).to.deep.equal(kind === "json" ? ["kept"] : ["circle", "kept"]);
        expect(error["kept"]).to.deep.equal({ a: 1 });
      });

      it("is cut where it takes more than limits.error, and says so", async () => {
        const pair = busPair(kind);
        pair.b.limits.error = 10_000;
        const errors = Array.from({ length: 1000 }, (_, n) => new Error(`number ${n}`));
        const thrown = Object.assign(new AggregateError(errors, "many"), {
          more: "m".repeat(20_000),
        });
        const error = await arrives(thrown, pair);
        expect(error.message).to.equal("many");
        expect(error["truncated"]).to.equal(true);
        expect(error).not.to.have.property("more");
        pair.b.off("fails");
        const long = await arrives(new Error("é".repeat(20_000)), pair);
        expect(long.message).to.match(/^é+$/);
        expect(long.message.length).to.be.within(4500, 5000);
        expect(long["truncated"]).to.equal(true);
      });
    });
  }

  it("leaves lists as the channel carries them, also with an error in them", async () => {
    const match = Object.assign(["b", new TypeError("in a list")], { index: 1 });
    const holes = new Array<unknown>(5);
    const error = await arrives(Object.assign(new Error("lists"), { match, holes }));
    expect(Object.keys(error["match"] as object)).to.deep.equal(["0", "1", "index"]);
    expect((error["match"] as unknown[])[1]).to.be.instanceOf(TypeError);
    expect(error["holes"]).to.have.length(5);
    expect(Object.keys(error["holes"] as object)).to.deep.equal([]);
  });

  it("carries what a thread does", async () => {
    const { port1, port2 } = new MessageChannel();
    const [here, there] = [lonelyBus().bus, lonelyBus().bus];
    const fields = { at: new Date(0), rows: 10n, ids: new Set([1]), none: undefined };
    there.on("fails", () => {
      throw Object.assign(new Error("with fields"), fields);
    });
    there.to(port2);
    const { cause } = await rejection(here.to(port1).emit("fails").ackd());
    expect({ ...(cause as object) }).to.deep.equal(fields);
    port1.close();
  });
});

describe("a failure that no version of ours sends", () => {
  const answered = { event: "x", namespace: "_", peer: { id: "child:1" } };
  const read = (wire: unknown) => decodeFailure(wire, answered);

  it("is read as far as it says something, and never throws", () => {
    for (const wire of [undefined, null, 7, "no", [], {}, { code: 1, executed: 2, message: 3 }]) {
      const error = read(wire);
      expect(error).to.include({ code: "ERR_REFUSED", executed: "maybe" });
      expect(error.message).to.equal("child:1: the other side gave no reason");
      expect(error.cause).to.equal(undefined);
    }
  });

  it("has a plain Error for a cause that is none", () => {
    for (const cause of [
      null,
      7,
      "no",
      [],
      [null],
      {},
      { name: 1, message: 2, stack: 3, code: {} },
    ]) {
      const { cause: arrived } = read({ cause });
      expect(arrived).to.be.instanceOf(Error);
      expect(arrived).to.include({ name: "Error", message: "" });
      expect(arrived).not.to.have.property("code");
    }
  });

  it("puts nothing where there is no place for it", () => {
    const places = [
      null,
      [],
      [7, 1],
      [[], 1],
      [["missing"], 1],
      [["list", "missing"], 1],
      [["text", 0], 1],
      [["message"], 1],
      [[{}], 1],
      [["place"], 99],
    ];
    const data = { list: [1], text: "text", place: "mine" };
    const cause = [{ message: "outer", data, inner: places }, { message: "inner" }];
    const error = read({ cause }).cause as Error & Record<string, unknown>;
    expect(error.message).to.equal("outer");
    expect({ ...error }).to.deep.equal(data);
  });
});
