import { expect } from "chai";
import { cutCable } from "../machines/cable.ts";
import { floodStopped } from "../machines/flood.ts";
import { withScene } from "../machines/scene.ts";
import { needsServer } from "../support/nats.ts";
import { hasNetworks } from "../support/network.ts";

const GUARD = 120_000;
/** The server gives up sooner those that do not read: by itself it does after 10 s. */
const IMPATIENT = 'write_deadline: "2s"\n';
const little = { depth: 16, bytes: 100 };

describe("two machines, with a cable that is cut,", () => {
  before(function () {
    needsServer(this);
    if (!hasNetworks()) this.skip();
  });

  it("lose nothing when it is for a while, and take nobody for gone", async () => {
    await cutCable({ milliseconds: 3000, isTold: false, ...little });
  }).timeout(GUARD);

  it("tell of each other when it is for long; what is said of messages is true, and they are new peers", async () => {
    await cutCable({ milliseconds: 8000, isTold: true, ...little, silence: 3000 });
  }).timeout(GUARD);
});

describe("a member that is flooded by others while it is stopped", () => {
  before(function () {
    needsServer(this);
  });

  it("may be cut off by the server: what they are told of it, and of their messages, is true", async () => {
    await floodStopped({ milliseconds: 5000, config: IMPATIENT });
  }).timeout(GUARD);
});

describe("a member that was taken for gone, and is not,", () => {
  before(function () {
    needsServer(this);
  });

  it("learns that, and who did so is a new peer to it too", async () => {
    await withScene(async (scene) => {
      const server = await scene.serve();
      const web = await scene.start("web", "w", [server], { options: { silence: 2000 } });
      const orders = await scene.start("orders", "o", [server]);
      await Promise.all([web.knows(1), orders.knows(1)]);
      await Promise.all([web, orders].map(({ wishes }) => wishes.emit("seen").ackd()));
      const wish = { to: orders.place, depth: 4, bytes: 10, last: 0 };
      await web.wishes.emit("load", wish).ackd();
      await web.wishes.emit("answered", 10).ackd();
      orders.process.kill("SIGSTOP");
      const [told] = await web.seen();
      expect(told).to.match(/^o was silent for \d s$/);
      orders.process.kill("SIGCONT");
      expect(await orders.seen(2)).to.deep.equal([
        "w knows nothing of this link any more",
        "w is there",
      ]);
      await web.wishes.emit("answered", 10).ackd();
      await web.wishes.emit("stop").ackd();
    });
  }).timeout(GUARD);
});
