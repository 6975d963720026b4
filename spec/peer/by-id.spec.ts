import { expect } from "chai";
import fc from "fast-check";
import { ById } from "../../lib/peer/by-id.ts";

describe("things by ascending ids", () => {
  it("are what a Map would have, whatever is added, deleted and asked for", () => {
    // Each step adds so many, and deletes some of those there are.
    const step = fc.record({ add: fc.nat(300), remove: fc.array(fc.nat(400), { maxLength: 300 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const things = new ById<{ readonly id: number }>();
        const model = new Map<number, { readonly id: number }>();
        let last = 0;
        for (const { add, remove } of steps) {
          for (let i = 0; i < add; i++) {
            const thing = { id: ++last };
            things.add(thing);
            model.set(thing.id, thing);
          }
          for (const back of remove) {
            things.delete(last - back);
            model.delete(last - back);
          }
          expect(things.size).to.equal(model.size);
          for (let id = last - 500; id <= last + 1; id++) {
            expect(things.get(id)).to.equal(model.get(id));
          }
          expect(things.values()).to.deep.equal([...model.values()]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("may stay for as long as they like, and more than the ring has room for", () => {
    const things = new ById<{ readonly id: number }>();
    for (let id = 1; id <= 20_000; id++) {
      things.add({ id });
      if (id % 3 > 0) things.delete(id);
    }
    expect(things.size).to.equal(6666);
    expect(things.get(3)).to.deep.equal({ id: 3 });
    expect(things.get(4)).to.equal(undefined);
    expect(things.values().map(({ id }) => id % 3)).to.deep.equal(Array(6666).fill(0));
  });
});
