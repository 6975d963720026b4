import { cutCable } from "../machines/cable.ts";
import { needsServer } from "../support/nats.ts";
import { hasNetworks } from "../support/network.ts";

describe("two machines", () => {
  before(function () {
    needsServer(this);
    if (!hasNetworks()) this.skip();
  });

  it("lose nothing when the cable between them is cut for a while, and take nobody for gone", async () => {
    await cutCable(3000, false);
  }).timeout(120_000);
});
