import { inspect } from "node:util";
import { expect } from "chai";
import { logging, queueing } from "../../lib/index.ts";
import { busPair } from "../support/buses.ts";

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
    expect(() => emit({ [`${"x".repeat(1e6)}`]: 1 })).to.throw(TypeError, /did you mean/);
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
          `limits.${name} is a number of bytes, not`,
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
