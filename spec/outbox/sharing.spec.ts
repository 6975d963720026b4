import { expect } from "chai";
import { bus } from "../../lib/index.ts";
import { memoryPair } from "../../lib/links/memory.ts";
import { lonelyBus } from "../support/buses.ts";
import { endAll, start } from "../support/processes.ts";

/** Large enough to be worth it. */
const rows = Array.from({ length: 1000 }, (_, id) => ({
  id,
  name: "somebody",
  note: "some words",
}));

describe("one object to several peers in one tick", () => {
  it("is encoded once", async () => {
    const { bus: sender, hub } = lonelyBus();
    const replies = [1, 2, 3].map(async () => {
      const { left, right } = memoryPair();
      const receiver = lonelyBus();
      receiver.hub.attach(right).greet();
      receiver.bus.on("rows", (data) => (data as { rows: unknown[] }).rows.length);
      receiver.bus.on("probe", () => 1);
      const peer = sender.to(hub.attach(left));
      await peer.emit("probe").ackd();
      return peer;
    });
    let encodings = 0;
    const counting = { toJSON: () => ++encodings };
    const peers = await Promise.all(replies);
    const lengths = peers.map((peer) => peer.emit("rows", { rows, counting }).ackd());
    expect(await Promise.all(lengths)).to.deep.equal([1000, 1000, 1000]);
    expect(encodings).to.equal(3);
    encodings = 0;
    const one = { rows, counting };
    expect(await Promise.all(peers.map((peer) => peer.emit("rows", one).ackd()))).to.deep.equal([
      1000, 1000, 1000,
    ]);
    expect(encodings).to.equal(1);
  });

  it("is read anew in the next tick", async () => {
    const { bus: sender, hub } = lonelyBus();
    const peers = [1, 2].map(() => {
      const { left, right } = memoryPair();
      const receiver = lonelyBus();
      receiver.hub.attach(right).greet();
      receiver.bus.on("rows", (data) => (data as { version: number }).version);
      return sender.to(hub.attach(left));
    });
    const data = { rows, version: 1 };
    const emit = () => Promise.all(peers.map((peer) => peer.emit("rows", data).ackd()));
    expect(await emit()).to.deep.equal([1, 1]);
    data.version = 2;
    expect(await emit()).to.deep.equal([2, 2]);
  });

  for (const serialization of ["json", "advanced"] as const) {
    it(`arrives as it would alone (${serialization})`, async () => {
      const peers = [1, 2].map(() => bus.to(start("receiver", [], { serialization })));
      await Promise.all(peers.map((peer) => peer.emit("echo").ackd()));
      const kinds = [
        { rows, when: new Date(0), none: undefined, list: [-0, Number.NaN] },
        { rows, twice: rows, bytes: new Uint8Array(20_000).fill(7) },
        { text: "x".repeat(20_000), quotes: '"'.repeat(9) },
      ];
      for (const kind of kinds) {
        const alone = await peers[0]?.emit("echo", kind).ackd();
        const shared = await Promise.all(peers.map((peer) => peer.emit("echo", kind).ackd()));
        expect(shared).to.deep.equal([alone, alone]);
      }
      await endAll();
    });
  }
});
