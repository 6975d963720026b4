import { expect } from "chai";
import { nextEvent } from "../support/buses.ts";
import { countHeld } from "../support/memory.ts";
import { type Ray, star } from "../support/star.ts";

describe("a group that is kept", () => {
  it("keeps nothing of members that are gone, used or not", async () => {
    const { bus, rays, add } = star(0);
    const chosen = (): boolean => true;
    const kept = [bus.any("orders"), bus.any(chosen), bus.all("orders"), bus.all(chosen)];

    /** Somebody who is asked, a key too, and goes. */
    const comeAndGo = async (): Promise<WeakRef<object>> => {
      const ray = add("orders");
      ray.bus.on("ask", () => "answer");
      await bus.to(ray.peer).ready();
      const answer = bus.any("orders", { concurrency: 1 });
      const questions = ["a", "b", "a"].map((key) => answer.emit("ask", null, { key }).ackd());
      for (const group of kept) await group.emit("ask").ackd();
      expect(await Promise.all(questions)).to.deep.equal(["answer", "answer", "answer"]);
      const down = nextEvent(bus.lifecycle, "down");
      ray.cut();
      await down;
      (rays as Ray[]).length = 0;
      return new WeakRef(ray.peer);
    };
    const gone = [await comeAndGo(), await comeAndGo()];
    expect(await countHeld(gone)).to.equal(0);
    expect(kept.map(({ peers }) => peers.length)).to.deep.equal([0, 0, 0, 0]);
  });
});
