import { expect } from "chai";
import { Arrivals } from "../../lib/emit/arrivals.ts";

const DONE = { done: true, value: undefined };

describe("what arrives for somebody who takes it at his own pace", () => {
  it("comes in order, also to who asks ahead, and then it is over for all who ask", async () => {
    const arrivals = new Arrivals<number>(3, () => expect.fail("nobody left"));
    arrivals.add(1);
    const results = [arrivals.next(), arrivals.next(), arrivals.next(), arrivals.next()];
    arrivals.add(2);
    arrivals.add(3);
    expect(await Promise.all(results)).to.deep.equal([
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: false, value: 3 },
      DONE,
    ]);
    arrivals.add(4);
    expect(await arrivals.next()).to.deep.equal(DONE);
    expect(await arrivals.return()).to.deep.equal(DONE);
  });

  it("is no longer wanted by who leaves: that is told once, and nothing more comes", async () => {
    let left = 0;
    const arrivals = new Arrivals<number>(2, () => left++);
    const asked = arrivals.next();
    expect(await arrivals.return()).to.deep.equal(DONE);
    expect(await asked).to.deep.equal(DONE);
    arrivals.add(1);
    expect(await arrivals.next()).to.deep.equal(DONE);
    await arrivals.return();
    expect(left).to.equal(1);
  });
});
