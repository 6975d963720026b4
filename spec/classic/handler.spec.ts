import { expect } from "chai";
import { commandsOf, handlerOf, listenerOf } from "../../lib/classic/handler.ts";
import type { Acknowledge, Handler } from "../../lib/classic/types.ts";
import type { Workers } from "../../lib/classic/workers.ts";
import type { InboundEvent } from "../../lib/message/inbound-event.ts";
import { rejection, turn } from "../support/buses.ts";

const workers = { of: () => "the worker" } as unknown as Workers;

/** A message that has arrived, as far as a handler has to do with it. */
class FakeEvent {
  readonly event = "cmd";
  readonly peer: { kind: string };
  wantsAck = true;
  handlesRead = 0;
  readonly controller: AbortController = new AbortController();

  constructor(kind = "parent") {
    this.peer = { kind };
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get handle(): string {
    this.handlesRead++;
    return "the handle";
  }

  leaveUnanswered(): void {
    this.wantsAck = false;
  }
}

function run(handler: Handler, event: FakeEvent = new FakeEvent()): unknown {
  return listenerOf(handler, workers)("data", event as unknown as InboundEvent);
}

const ack = (value: unknown): Acknowledge => value as Acknowledge;

describe("a handler of version 1", () => {
  it("gets data, descriptor and ack; in the primary the worker first", () => {
    const seen: unknown[][] = [];
    const handler: Handler = (...parameters) => seen.push(parameters.slice(0, -1));
    void run(handler);
    void run(handler, new FakeEvent("worker"));
    expect(seen).to.deep.equal([
      ["data", "the handle"],
      ["the worker", "data", "the handle"],
    ]);
  });

  it("leaves a descriptor to be closed that it cannot see", () => {
    const blind: Handler[] = [() => 1, (_data) => 1, () => 1];
    for (const handler of blind) {
      const event = new FakeEvent();
      void run(handler, event);
      expect(event.handlesRead, String(handler)).to.equal(0);
    }
    const seeing: Handler[] = [
      (_data, _fd) => 1,
      (..._all) => 1,
      (_data, _fd = null) => 1,
      function () {
        // biome-ignore lint/complexity/noArguments: as code of the time of version 1 does
        return arguments.length;
      },
      ((_data: unknown, _fd: unknown) => 1).bind(null),
    ];
    for (const handler of seeing) {
      const event = new FakeEvent();
      void run(handler, event);
      expect(event.handlesRead, String(handler)).to.equal(1);
    }
  });

  it("answers by ack, in either style", async () => {
    const answers: [unknown[], unknown][] = [
      [["reply"], "reply"],
      [[], undefined],
      [[null], null],
      [[null, "reply"], "reply"],
      [[undefined, "reply"], "reply"],
      [["", "reply"], "reply"],
      [[{ an: "object" }], { an: "object" }],
    ];
    for (const [parameters, reply] of answers) {
      const answered = run((_data, _fd, done) => ack(done)(...parameters));
      expect(await answered).to.deep.equal(reply);
    }
    const failures: [unknown[], unknown][] = [
      [[new RangeError("no")], "no"],
      [[new RangeError("no"), "reply"], "no"],
    ];
    for (const [parameters, message] of failures) {
      const answered = run((_data, _fd, done) => ack(done)(...parameters)) as Promise<unknown>;
      expect((await rejection(answered)).message).to.equal(message);
    }
    const text = run((_data, _fd, done) => ack(done)("a text", undefined)) as Promise<unknown>;
    expect(await text.catch((thrown: unknown) => thrown)).to.equal("a text");
  });

  it("may acknowledge before the promise that it returns has settled", async () => {
    const answered = run(async (_data, _fd, done) => {
      ack(done)("acknowledged");
      await turn();
      return "resolved";
    });
    expect(await answered).to.equal("acknowledged");
  });

  it("that fails after it has acknowledged is warned of", async () => {
    const warnings: Error[] = [];
    const listener = (warning: Error) => warnings.push(warning);
    process.on("warning", listener);
    const answered = run((_data, _fd, done) => {
      ack(done)("acknowledged");
      throw new Error("too late");
    });
    const later = run(async (_data, _fd, done) => {
      ack(done)("acknowledged");
      throw new Error("too late");
    });
    expect([await answered, await later]).to.deep.equal(["acknowledged", "acknowledged"]);
    await turn();
    process.off("warning", listener);
    expect(warnings.map(({ message }) => message)).to.deep.equal(
      Array(2).fill(
        "handler for cmd threw an exception *after* already acknowledging. You have a bug in your handler.",
      ),
    );
  });

  it("does not answer by what else it returns", () => {
    const event = new FakeEvent();
    expect(run(() => "no answer", event)).to.equal(undefined);
    expect(event.wantsAck).to.equal(false);
  });

  it("is waited for if it may yet acknowledge, until the sender is not interested any more", async () => {
    const event = new FakeEvent();
    const answered = run((_data, _fd, _ack) => undefined, event);
    expect(answered).to.be.a("promise");
    expect(event.wantsAck).to.equal(true);
    event.controller.abort();
    await answered;
    expect(event.wantsAck).to.equal(false);
  });

  it("is not waited for if nobody wants the answer", () => {
    const event = new FakeEvent();
    event.wantsAck = false;
    expect(run((_data, _fd, _ack) => undefined, event)).to.equal(undefined);
  });

  it("counts as forgetful when ten thousand later messages have not been acknowledged either", async () => {
    const events = Array.from({ length: 10_001 }, () => new FakeEvent());
    const answers = events.map((event) => run((_data, _fd, _ack) => undefined, event));
    await answers[0];
    expect(events.map(({ wantsAck }) => wantsAck).indexOf(true)).to.equal(1);
    for (const { controller } of events) controller.abort();
    await Promise.all(answers);
  });

  it("is found by its own name only", () => {
    class Handlers {
      method(): void {}
    }
    const own: Handler = () => 1;
    const plain = { own, text: "text" };
    expect(handlerOf(plain, "own")).to.equal(own);
    for (const name of ["text", "toString", "constructor", "__proto__", "unheard-of"]) {
      expect(handlerOf(plain, name), name).to.equal(undefined);
    }
    expect(handlerOf(new Handlers(), "method")).to.equal(Handlers.prototype.method);
    expect(handlerOf(new Handlers(), "constructor")).to.equal(undefined);
    expect(handlerOf(undefined, "own")).to.equal(undefined);
  });

  it("is named where it can be found without running anything", () => {
    class Handlers {
      first(): void {}
      get secret(): Handler {
        throw new Error("it was read");
      }
    }
    class More extends Handlers {
      second(): void {}
      override first(): void {}
    }
    expect(commandsOf(new More())).to.have.members(["first", "second"]);
    expect(commandsOf({ own: () => 1, text: "text" })).to.deep.equal(["own"]);
    const proxy = new Proxy({}, { ownKeys: () => expect.fail() as never });
    for (const none of [undefined, null, "text", {}, proxy]) {
      expect(commandsOf(none)).to.deep.equal([]);
    }
  });
});
