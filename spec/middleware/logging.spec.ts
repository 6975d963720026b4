import { Writable } from "node:stream";
import { expect } from "chai";
import { pino } from "pino";
import sinon from "sinon";
import { type LoggingOptions, logging } from "../../lib/index.ts";
import { busPair, rejection } from "../support/buses.ts";

/** An event that goes well, and one that does not, logged. */
async function talk(options: LoggingOptions): Promise<void> {
  const { a, b, toB } = busPair();
  a.use(logging({ level: "info", ...options } as LoggingOptions));
  b.on("echo", (data) => data);
  const app = a.to(toB);
  await app.emit("echo", 1).ackd();
  await rejection(app.emit("missing").ackd());
}

/** A logger that keeps what it is told, with what else tells it from others. */
function logger(...others: string[]) {
  return {
    ...Object.fromEntries(others.map((name) => [name, () => undefined])),
    debug: sinon.spy(),
    info: sinon.spy(),
    warn: sinon.spy(),
    error: sinon.spy(),
  };
}

const FIELDS = { direction: "outbound", kind: "event", namespace: "_", event: "echo", id: 1 };
const SENTENCE = "-> memory:left _/echo #1";
const FAILURE = /^<- memory:left _\/missing #2 ack: .*has no listener/;

describe("logging", () => {
  it("gives pino fields, the error in its own, and the sentence as msg", async () => {
    const lines: Record<string, unknown>[] = [];
    const stream = new Writable({
      write(line, _encoding, done) {
        lines.push(JSON.parse(String(line)));
        done();
      },
    });
    const root = pino({ level: "debug" }, stream);
    await talk({ logger: root });
    await talk({ logger: root.child({ part: "bus" }), level: "debug" });
    expect(lines).to.have.length(8);
    const [sent, answered, , failed] = lines;
    expect(sent).to.include({ ...FIELDS, peer: "memory:left", level: 30, msg: SENTENCE });
    expect(answered).to.include({ direction: "inbound", kind: "ack", event: "echo" });
    expect(failed).to.include({ event: "missing", level: 40 });
    expect(failed?.["msg"]).to.match(FAILURE);
    expect(failed?.["err"]).to.include({ type: "BusError", code: "ERR_UNHANDLED" });
    expect(failed).to.have.nested.property("err.stack");
    expect(lines[4]).to.include({ ...FIELDS, level: 20, part: "bus" });
  });

  it("gives fields first to what looks like bunyan, and where it is told so", async () => {
    const bunyan = logger("child", "addSerializers");
    const own = logger();
    await talk({ logger: bunyan });
    await talk({ logger: own, fields: "first" });
    for (const { info, warn } of [bunyan, own]) {
      expect(info.args[0]?.[0]).to.include(FIELDS);
      expect(info.args[0]?.slice(1)).to.deep.equal([SENTENCE]);
      expect(warn.args[0]?.[0]).to.have.nested.property("err.code", "ERR_UNHANDLED");
      expect(warn.args[0]?.[1]).to.match(FAILURE);
    }
  });

  it("gives fields last to what looks like winston, and where it is told so", async () => {
    const winston = logger("child", "configure", "isLevelEnabled");
    const own = logger();
    await talk({ logger: winston });
    await talk({ logger: own, fields: "last" });
    for (const { info, warn } of [winston, own]) {
      expect(info.args[0]?.[0]).to.equal(SENTENCE);
      expect(info.args[0]?.[1]).to.include(FIELDS);
      expect(warn.args[0]?.[0]).to.match(FAILURE);
      expect(warn.args[0]?.[1]).to.have.nested.property("err.code", "ERR_UNHANDLED");
    }
  });

  it("gives a sentence, and nothing else, to all others", async () => {
    const plain = logger();
    const told = logger("child", "bindings");
    await talk({ logger: plain });
    await talk({ logger: told, fields: "none" });
    for (const { info, warn } of [plain, told]) {
      expect(info.args[0]).to.deep.equal([SENTENCE]);
      expect(warn.args[0]).to.have.length(1);
    }
    const console: LoggingOptions = { logger: globalThis.console };
    expect(logging(console)).to.be.a("function");
  });

  it("knows where fields may stand", () => {
    const options = { logger: logger(), fields: "middle" };
    expect(() => logging(options as never)).to.throw(TypeError, /the option fields .* "middle"/);
  });
});
