import { Socket } from "node:net";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { logging, queueing } from "../../lib/index.ts";
import { join } from "../../lib/nats/index.ts";
import { clusterMetrics } from "../../lib/prometheus/index.ts";
import { busPair, rejection } from "../support/buses.ts";

describe("what a bus is told", () => {
  const { a, toB } = busPair();
  // Deliberately against the types.
  const emit = (options: unknown) => a.to(toB).emit("x", 1, options as never);

  it("is no option that nobody knows: the error names the nearest one, and all there are", () => {
    const calls: [() => unknown, string, string][] = [
      [() => a.to(toB).emit("x", 1, { timout: 5 } as never), "emit() has no option", "timeout"],
      [() => a.to(toB).emit("x", 1, { TIMEOUT: 5 } as never), "emit() has no option", "timeout"],
      [() => a.to(toB).emit("x", 1, { singal: 5 } as never), "emit() has no option", "signal"],
      [() => a.to(toB).emit("x", 1, { handel: 5 } as never), "emit() has no option", "handle"],
      [
        () => a.to(toB).emit("x", 1, Object.create({ queuHandle: true }) as never),
        "emit() has no option",
        "queueHandle",
      ],
      [() => a.close({ timeOut: 5 } as never), "close() has no option", "timeout"],
      [() => a.ns("x", { raedy: "manual" } as never), "ns() has no option", "ready"],
      [() => queueing({ mesages: 5 } as never), "queueing() has no option", "messages"],
      [() => queueing({ byte: 5 } as never), "queueing() has no option", "bytes"],
      [() => logging({ looger: console } as never), "logging() has no option", "logger"],
      [() => logging({ levels: "info" } as never), "logging() has no option", "level"],
    ];
    for (const [wrong, begins, nearest] of calls) {
      expect(wrong)
        .to.throw(TypeError, begins)
        .with.property("message")
        .that.includes(`did you mean "${nearest}"?`);
    }
    expect(() => emit({ "": 1 })).to.throw(
      TypeError,
      /it takes timeout, signal, handle, queueHandle$/,
    );
  });

  it("is no guess where nothing is near, and says where else an option belongs", () => {
    const text = (options: unknown, call: (options: unknown) => unknown = emit) => {
      try {
        call(options);
      } catch (error) {
        if (error instanceof TypeError) return error.message;
      }
      return "nothing was thrown";
    };
    const takes = "it takes timeout, signal, handle, queueHandle";
    expect(text({ retries: 3 })).to.equal(`emit() has no option "retries"; ${takes}`);
    expect(text({ ["x".repeat(1e6)]: 1 })).to.match(/^emit\(\) has no option "x{40}"; it takes/);
    expect(text({ constructor: 1 })).to.equal(`emit() has no option "constructor"; ${takes}`);
    expect(text({ within: 5 })).to.equal(
      `emit() has no option "within": say timeout, or call within() on what emit() returns; ${takes}`,
    );
    expect(text({ key: "a" })).to.include("only what any() returns takes it");
    expect(text({ concurrency: 1 })).to.include("it is an option of any()");
    const any = (options: unknown) => a.any("orders", options as never);
    expect(text({ key: "a" }, any)).to.equal(
      'any() has no option "key": it is an option of emit(); it takes concurrency',
    );
  });

  it("is an object of options, and not what belongs into them", () => {
    const expected =
      /options of emit\(\) must be an object with timeout, signal, handle, queueHandle, got /;
    expect(() => emit(new Socket()))
      .to.throw(TypeError, expected)
      .with.property("message")
      .that.includes("Socket");
    expect(() => emit(AbortSignal.timeout(1))).to.throw(TypeError, /got AbortSignal$/);
    // Another realm has another Object.
    const foreign: unknown = runInNewContext("({ queueHandle: true })");
    expect(() => emit(foreign)).not.to.throw();
  });

  it("is true or false, where an option is on or off", () => {
    for (const bad of ["no", 0, 1, null]) {
      expect(() => emit({ queueHandle: bad })).to.throw(TypeError, "the option queueHandle");
      const any = a.any("orders");
      expect(() => any.emit("x", 1, { idempotent: bad } as never)).to.throw(
        TypeError,
        "the option idempotent must be true or false",
      );
    }
    expect(() => emit({ queueHandle: undefined })).not.to.throw();
  });

  it("is a bus, where it is one", async () => {
    for (const bad of [undefined, {}, { name: "web" }, "bus"]) {
      const expected = "the first argument of clusterMetrics() must be a bus";
      expect(() => clusterMetrics(bad as never)).to.throw(TypeError, expected);
      const refused = await rejection(join(bad as never, { name: "web" }));
      expect(refused.message).to.include("the first argument of join() must be a bus");
    }
  });

  it("is one peer for to(), and several for all() and any()", () => {
    const to = (target: unknown) => () => a.to(target as never);
    expect(to("workers")).to.throw(
      TypeError,
      /got "workers": groups, .* are for all\(\) and any\(\)$/,
    );
    expect(to([toB])).to.throw(TypeError, /got Array: several are for all\(\) and any\(\)$/);
    expect(to({ name: "orders" })).to.throw(TypeError, /got Object: .* has a name and an instance/);
    expect(to({})).to.throw(TypeError, /got Object$/);
    expect(to(busPair().toB)).to.throw(TypeError, /: it is a peer of another bus$/);
    expect(() => a.all(toB as never)).to.throw(
      TypeError,
      /one peer is for to\(\); .* Object.values\(\)$/,
    );
    expect(() => a.any(5 as never)).to.throw(TypeError, /got 5$/);
  });

  it("is an answer at once, from the function that chooses a group", () => {
    const chooses = async () => false;
    expect(() => a.all(chooses as never).emit("x")).to.throw(
      TypeError,
      "what a function that chooses a group returns must be true or false, got Promise",
    );
    expect(a.all((() => 0) as never).peers).to.have.length(0);
  });

  it("is named in the error, whatever it says of itself", () => {
    const throwing = {
      get constructor() {
        throw new Error("nobody asks me");
      },
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const odd of [throwing, proxy, { constructor: { name: Symbol("odd") } }]) {
      expect(() => a.on(odd as never, () => {})).to.throw(TypeError, /string, got an object$/);
    }
  });

  it("is an object, where it is options", () => {
    expect(() => a.close(5000 as never)).to.throw(TypeError, /options of close\(\) .* got 5000/);
    expect(() => a.ns("x", "manual" as never)).to.throw(TypeError, /options of ns\(\)/);
    expect(() => queueing(5 as never)).to.throw(TypeError, /options of queueing\(\)/);
    expect(() => logging(null as never)).to.throw(TypeError, /options of logging\(\)/);
  });

  it("is a limit only if that is a number of bytes, from 0 on", () => {
    const { limits } = busPair().a;
    const before = { ...limits };
    for (const bad of ["1mb", "1000", Number.NaN, -1, -Infinity, null, undefined, 5n, {}]) {
      for (const name of Object.keys(limits)) {
        expect(() => Object.assign(limits, { [name]: bad }), `${name} = ${String(bad)}`).to.throw(
          TypeError,
          `limits.${name} must be a number of bytes, got`,
        );
      }
    }
    expect({ ...limits }).to.deep.equal(before);
    expect(() => Object.assign(limits, { pendng: 5 })).to.throw(TypeError, /pendng/);
    limits.message = 0;
    limits.pending = Infinity;
    expect({ ...limits }).to.deep.equal({ ...before, message: 0, pending: Infinity });
    expect(inspect(limits)).to.equal(inspect({ ...limits }));
  });

  it("is a bound of a queue, or a logger and its level, only if it can be one", () => {
    for (const bad of ["1mb", Number.NaN, -1, null]) {
      expect(() => queueing({ bytes: bad as never })).to.throw(TypeError, /the option bytes/);
      expect(() => queueing({ messages: bad as never })).to.throw(TypeError, /the option messages/);
    }
    queueing({ messages: 0, bytes: Infinity });
    queueing({ messages: undefined as never });
    expect(() => logging({ level: "trace" as never })).to.throw(TypeError, /the option level/);
    expect(() => logging({ logger: console.log as never })).to.throw(
      TypeError,
      /the option logger/,
    );
  });

  it("is a time only if that is a positive number of ms", () => {
    for (const bad of ["1s", Number.NaN, -1, 0, null]) {
      expect(() => Object.assign(a, { ackTimeout: bad })).to.throw(TypeError, /ackTimeout must be/);
      expect(() => emit({ timeout: bad })).to.throw(TypeError, /the option timeout must be/);
    }
  });
});
