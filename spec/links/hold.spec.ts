import { expect } from "chai";
import { Hub } from "../../lib/bus/hub.ts";
import { Hold } from "../../lib/links/hold.ts";
import { MemoryLink } from "../../lib/links/memory.ts";

/** A link that notes how it is held. */
class Noting extends MemoryLink {
  readonly holds: boolean[] = [];

  override hold(alive = false): void {
    this.holds.push(alive);
  }
}

describe("what holds a link", () => {
  it("tells it only what changes: whoever has let go of the channel meanwhile meant it", () => {
    const link = new Noting("memory:one", "json");
    const hub = new Hub([]);
    hub.attach(link);
    hub.namespace("_").listeners.on("x", () => undefined);
    for (const other of ["two", "three"]) hub.attach(new Noting(`memory:${other}`, "json"));
    expect(link.holds).to.deep.equal([true]);
    hub.namespace("_").listeners.off("x");
    expect(link.holds).to.deep.equal([true, false]);
  });

  it("lets go when the link is somebody else's, and says no more", () => {
    const link = new Noting("memory:one", "json");
    const hold = new Hold(link);
    hold.set("listeners", true);
    hold.set("handle", true);
    hold.end();
    hold.set("handle", false);
    hold.set("listeners", true);
    expect(link.holds).to.deep.equal([true, false]);
  });
});
