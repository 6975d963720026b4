import type { Worker } from "node:cluster";
import type { Socket } from "node:net";
import { expect } from "chai";
import { expectTypeOf } from "expect-type";
import type phone from "../../lib/classic/index.ts";
import type { Acknowledge, ClassicError, Namespace } from "../../lib/classic/index.ts";

describe("the types of classic", () => {
  it("are those of version 1, and hold no any", () => {
    // Never called: the compiler has looked at it.
    const program = (worker: Worker, socket: Socket, classic: typeof phone) => {
      const app = classic.ns("app");
      expectTypeOf(app).toEqualTypeOf<Namespace>();
      expectTypeOf(classic("app")).toEqualTypeOf<Namespace>();
      expectTypeOf(classic.name).toBeString();
      expectTypeOf(classic.ackTimeout).toBeNumber();
      classic.Promise = Promise;
      app.handlers["worker"] = (data: { key: string }, fd: Socket, ack: Acknowledge) => {
        fd.end(data.key);
        ack(null, 5);
      };
      app.handlers["primary"] = (from: Worker, data: { key: string }) => from.send(data.key);
      expectTypeOf(app.sendTo(worker, "foo", 1, socket, true).ackd()).toEqualTypeOf<
        Promise<unknown>
      >();
      const sent = app.sendToMaster("foo").within(500).within("500");
      expectTypeOf(sent.acknowledged<number>()).toEqualTypeOf<Promise<number>>();
      void sent.ackd((error, reply: string | undefined) => {
        expectTypeOf(error).toEqualTypeOf<ClassicError | null>();
        expectTypeOf(reply).toEqualTypeOf<string | undefined>();
      });
      // @ts-expect-error: a command is a string
      app.sendToMaster(5);
      // @ts-expect-error: a descriptor is a handle
      app.sendTo(worker, "foo", 1, "a text");
      // @ts-expect-error: it is the namespace that has a name
      classic.name = "x";
    };
    expect(program).to.be.a("function");
  });
});
