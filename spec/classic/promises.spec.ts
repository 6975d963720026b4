import { expect } from "chai";
import { told } from "../support/programs.ts";
import { besideEachOther } from "../support/relay.ts";

/** What users of version 1 do with its promises, which are bluebird's. */
const USE = `
  const Bluebird = require("bluebird");
  Bluebird.onPossiblyUnhandledRejection((error) => tell(["unhandled", error.message]));
  const app = phone.ns("app");
  const worker = cluster.fork();
  const send = (...parameters) => app.sendTo(worker, ...parameters).ackd();
  tell(send("echo") instanceof Bluebird);
  tell(await send("echo", [20, 1]).spread((one, other) => one + other));
  tell(await send("unheard-of").error((error) => ["expected", error.message]));
  tell(await send("throws").error((error) => ["expected", error.message]));
  tell(await send("never").timeout(20).catch(({ message }) => /timed out/i.test(message)));
  // The time-out of the message was none of the expected errors.
  tell(await app.sendTo(worker, "never").within(20).ackd().error(() => "expected").catch(() => "not expected"));
  const called = [];
  await send("echo", 5).nodeify((...parameters) => called.push(parameters));
  for (const cmd of ["echo", "unheard-of"]) {
    await new Promise((resolve) => {
      // Whoever has a callback need not look at the promise.
      const told = (error, reply) => { called.push([error?.message, reply]); resolve(); };
      tell(app.sendTo(worker, cmd, 6).ackd(told) instanceof Bluebird);
    });
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  tell(called);
  end();`;

describe("the promises of classic", () => {
  const it = besideEachOther();

  it("are Node's own, if nothing else is asked for", async () => {
    const results = await told(
      `const phone = require("clusterphone/classic");
      const worker = cluster.fork();
      tell(phone.Promise === Promise);
      const sent = phone.ns("app").sendTo(worker, "echo", 1).ackd();
      tell(Object.getPrototypeOf(sent) === Promise.prototype);
      tell(await sent);
      try {
        phone.Promise = "bluebird";
      } catch (error) {
        tell([error.name, error.message]);
      }
      end();`,
      "classic-worker",
      ["classic"],
    );
    expect(results).to.deep.equal([
      true,
      true,
      1,
      ["TypeError", 'clusterphone.Promise must be a function, got "bluebird"'],
    ]);
  });

  const expected = [
    true,
    21,
    ["expected", "Unhandled message type"],
    ["expected", "Message handler threw an error: thrown here"],
    true,
    "not expected",
    true,
    true,
    [
      [null, 5],
      [null, 6],
      ["Unhandled message type", null],
    ],
  ];

  for (const [title, load] of [
    ["are those of bluebird in version 1", 'const phone = require("clusterphone-1.0.1");'],
    [
      "are those of bluebird in classic, if they are to be",
      'const phone = require("clusterphone/classic"); phone.Promise = require("bluebird");',
    ],
  ]) {
    it(title as string, async () => {
      expect(await told(load + USE, "classic-worker", ["1.0.1"])).to.deep.equal(expected);
    });
  }
});
