import { cutCable } from "../machines/cable.ts";
import { floodStopped } from "../machines/flood.ts";
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
    await floodStopped(5000, IMPATIENT);
  }).timeout(GUARD);
});
