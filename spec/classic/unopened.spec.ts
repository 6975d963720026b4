import { expect } from "chai";
import { type SinonFakeTimers, useFakeTimers } from "sinon";
import { Unopened } from "../../lib/classic/unopened.ts";
import type { BusError } from "../../lib/errors/bus-error.ts";
import type { Stage } from "../../lib/message/outbound.ts";
import { Deadlines } from "../../lib/time/deadlines.ts";
import { told } from "../support/programs.ts";
import { besideEachOther } from "../support/relay.ts";

describe("a message for a namespace that the other side has not opened", () => {
  let clock: SinonFakeTimers;
  let unopened: Unopened;
  let failed: BusError[];
  let isReady: boolean;

  const message = (id = "worker:1", stage: Stage = "parked") => ({
    peer: { id, isReady: () => isReady },
    namespace: "app",
    event: "x",
    name: `"x" to ${id}`,
    stage,
    fail: (error: BusError) => failed.push(error),
  });

  beforeEach(() => {
    clock = useFakeTimers();
    unopened = new Unopened(new Deadlines());
    failed = [];
    isReady = false;
  });

  afterEach(() => clock.restore());

  it("waits for the other side to come online, and then for a second", async () => {
    unopened.add(message());
    await clock.tickAsync(60_000);
    unopened.online("worker:2");
    await clock.tickAsync(60_000);
    unopened.online("worker:1");
    unopened.online("worker:1");
    await clock.tickAsync(990);
    expect(failed).to.have.length(0);
    await clock.tickAsync(60);
    expect(failed.map(({ code, executed }) => [code, executed])).to.deep.equal([
      ["ERR_UNHANDLED", "no"],
    ]);
    expect(failed[0]?.message).to.match(/^Unknown namespace\. "x" to worker:1 .*"app"$/);
  });

  it("gets what is left of that second, and later a moment", async () => {
    unopened.online("worker:1");
    await clock.tickAsync(600);
    unopened.add(message());
    await clock.tickAsync(350);
    expect(failed).to.have.length(0);
    await clock.tickAsync(100);
    expect(failed).to.have.length(1);
    await clock.tickAsync(60_000);
    unopened.add(message());
    await clock.tickAsync(90);
    expect(failed).to.have.length(1);
    await clock.tickAsync(60);
    expect(failed).to.have.length(2);
  });

  it("does not fail if the namespace has opened, or the message was written", async () => {
    unopened.add(message("worker:1", "written"));
    unopened.online("worker:1");
    await clock.tickAsync(2000);
    unopened.add(message());
    isReady = true;
    await clock.tickAsync(2000);
    expect(failed).to.have.length(0);
  });

  it("is let go of when it has settled, before and after the other side is online", async () => {
    const settled = unopened.add(message());
    unopened.add(message())();
    unopened.online("worker:1");
    settled();
    unopened.add(message())();
    await clock.tickAsync(2000);
    expect(failed).to.have.length(0);
    expect(clock.countTimers()).to.equal(0);
  });

  it("waits anew if the other side is another by now", async () => {
    unopened.online("worker:1");
    unopened.down("worker:1");
    unopened.add(message());
    await clock.tickAsync(60_000);
    expect(failed).to.have.length(0);
    unopened.online("worker:1");
    await clock.tickAsync(1050);
    expect(failed).to.have.length(1);
  });
});

for (const version of ["classic", "1.0.1", "0.1.0-4"]) {
  describe(`a worker with ${version} that does not open a namespace`, () => {
    const it = besideEachOther();

    const run = (script: string) =>
      told(
        `const phone = require("clusterphone/classic");
        phone.ackTimeout = Infinity;
        const app = phone.ns("app");
        const worker = cluster.fork();
        const send = (ns) => phone.ns(ns).sendTo(worker, "where").ackd();
        const failure = async (ns) => {
          const { message, code, executed } = await reject(send(ns));
          return [message, code, executed];
        };
        ${script}
        end();`,
        "classic-worker",
        [version],
      );

    it("is told of it, whenever the message was sent, and may open it later", async () => {
      const results = await run(`
        tell(await failure("nobody's"));
        tell(await failure("nobody's"));
        tell(await failure("late"));
        await app.sendTo(worker, "opens", "late").ackd();
        tell(await send("late"));`);
      const unknown = ["Unknown namespace.", "ERR_UNHANDLED", "no"];
      expect(results).to.deep.equal([unknown, unknown, unknown, "late"]);
    });

    it("is not said to lack it by a time-out while it may still open it", async () => {
      const results = await run(`
        await once(worker, "clusterphone:online");
        tell((await reject(phone.ns("nobody's").sendTo(worker, "where").within(40).ackd())).message);`);
      expect(results).to.deep.equal([
        "Timed out waiting for acknowledgement for message where with seq 1 to worker 1 in namespace nobody's",
      ]);
    });
  });
}

for (const version of ["classic", "1.0.1", "0.1.0-4"]) {
  describe(`a primary with ${version} that does not open a namespace`, () => {
    const it = besideEachOther();

    it("is told of it, though it has said nothing else", async () => {
      const results = await told(
        `require("${version === "classic" ? "clusterphone/classic" : `clusterphone-${version}`}");
        const worker = cluster.fork();
        worker.on("message", ({ failed }) => {
          if (!failed) return;
          tell(failed);
          end();
        });`,
        "classic-asks",
        ["classic"],
      );
      expect(results).to.deep.equal([["Unknown namespace.", "ERR_UNHANDLED", "no"]]);
    });
  });
}
