import { expect } from "chai";
import { Progress } from "../../lib/outbox/progress.ts";

describe("the progress of a queue", () => {
  it("has passed a mark when all is done that was there, in whatever order it ends", () => {
    const progress = new Progress();
    for (let i = 0; i < 3; i++) progress.enter();
    const mark = progress.mark();
    const [first, second] = [progress.take(1), progress.take(2)];
    progress.end(second);
    expect(progress.hasPassed(mark)).to.equal(false);
    progress.end(first);
    expect(progress.hasPassed(mark)).to.equal(true);
  });

  it("waits neither for what was left out before a mark, nor less for it than before", () => {
    const progress = new Progress();
    progress.enter();
    const one = progress.mark();
    progress.enter();
    progress.enter();
    const three = progress.mark();
    progress.enter();
    // The second, between two that stay; and the last, which is behind both marks.
    progress.leaveOut(1);
    progress.leaveOut(2);
    expect(progress.hasPassed(one)).to.equal(false);
    progress.end(progress.take(1));
    expect(progress.hasPassed(one)).to.equal(true);
    expect(progress.hasPassed(three)).to.equal(false);
    progress.end(progress.take(1));
    expect(progress.hasPassed(three)).to.equal(true);
  });
});
