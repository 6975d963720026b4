import { expect } from "chai";
import fc from "fast-check";
import { type BusPair, busPair, turn } from "../support/buses.ts";
import { tagOf } from "../support/frames.ts";

/** Names that have a meaning to JavaScript, and such that have none. */
const name = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "toString", "_", "echo", "clusterphone2", ""),
  fc.string({ maxLength: 20 }),
);
const id = fc.oneof(
  fc.nat(40),
  fc.constantFrom(-1, 0, 1.5, 2 ** 53, 1e300, "1", null, Number.MAX_SAFE_INTEGER),
);
const deep = fc.nat(500).map((depth) => {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { __proto__: value, deep: value };
  return value;
});
const payload = fc.oneof(
  fc.jsonValue(),
  deep,
  fc.constant(JSON.parse('{"__proto__":{"polluted":1}}')),
);
const meta = fc.oneof(
  fc.constant(0),
  fc.record({ h: fc.dictionary(name, payload), d: payload, s: payload, b: payload }),
  payload,
);

/** Items that are nearly right: of every kind, with any flags, cut anywhere. */
const item = fc
  .tuple(
    fc.nat(15),
    fc.constantFrom(0, 16, 32, 64, 128, 256, 496, 512, 528),
    fc.tuple(id, name, name, meta, payload),
    fc.nat(6),
  )
  .map(([kind, flags, fields, length]) => [kind | flags, ...fields].slice(0, length));
const hello = fc
  .tuple(
    fc.constantFrom(2, 2, 2, 1, 3, "2", null),
    id,
    fc.oneof(name, payload),
    fc.constantFrom(1, 2, 3, 3, 3, "3", null),
    fc.oneof(fc.constant(0), name, payload),
    fc.array(payload),
    fc.array(name),
    id,
  )
  .map((fields) => [0, ...fields]);
const items = fc.array(fc.oneof(item, item, hello, payload), { maxLength: 8 });

/** Bodies: lists of items, texts of them, and anything else. */
const body = (tag: number, number: number) =>
  fc.oneof(
    items.map((list) => [tag, number, ...list]),
    items.map((list) => [tag, number, JSON.stringify(list)]),
    items.map((list) => [tag, number, JSON.stringify(list).slice(0, -3)]),
    fc.tuple(items, payload).map(([list, beside]) => [tag, number, JSON.stringify(list), beside]),
    payload,
  );

describe("any frames in any order", () => {
  it("neither throw, nor pollute, nor keep the bus from its work", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.nat(3).chain((tag) => body(tag, 0)),
          { maxLength: 12 },
        ),
        async (bodies) => {
          const pair = await connected();
          for (const [i, forged] of bodies.entries()) {
            // Mostly among the frames of the other side, and sometimes under a tag of its own.
            if (Array.isArray(forged) && forged[1] === 0) {
              forged[1] = 100 + i;
              if (forged[0] > 0) forged[0] = tagOf(pair.left);
            }
            pair.right.receive({ clusterphone2: forged });
          }
          await turn();
          expect(({} as Record<string, unknown>)["polluted"]).to.equal(undefined);
          expect(Reflect.ownKeys(Object.prototype)).to.have.length(ownKeysBefore);
          if (pair.toA.state === "down") return;
          // What the other side really sends goes on; here with a number after the forged ones.
          const answered = new Promise((resolve) => pair.b.once("still-works", resolve));
          const event = [2, 7, "_", "still-works", 0, "yes"];
          pair.right.receive({ clusterphone2: [tagOf(pair.left), 10_000_000, event] });
          expect(await answered).to.equal("yes");
        },
      ),
      { numRuns: 300 },
    );
  });

  it("settle no receipt twice, and none wrongly with acks for something else", async () => {
    const acks = fc.array(fc.tuple(fc.constantFrom(3, 3 | 32), id, meta, payload), {
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(acks, async (forged) => {
        const pair = await connected();
        let settlements = 0;
        const receipts = Array.from({ length: 5 }, () =>
          pair.b
            .to(pair.toA)
            .emit("echo")
            .ackd()
            .finally(() => settlements++)
            .catch(() => undefined),
        );
        await turn();
        pair.right.receive({ clusterphone2: [tagOf(pair.left), 100, ...forged] });
        pair.cut();
        await Promise.all(receipts);
        expect(settlements).to.equal(5);
        expect(pair.toA.backlog.waiting).to.equal(0);
      }),
      { numRuns: 200 },
    );
  });
});

const ownKeysBefore = Reflect.ownKeys(Object.prototype).length;

async function connected(): Promise<BusPair> {
  const pair = busPair();
  for (const side of [pair.a, pair.b]) {
    side.lifecycle.on("undelivered", () => {});
    side.on("echo", (data) => data);
  }
  await pair.a.to(pair.toB).emit("echo").ackd();
  await pair.b.to(pair.toA).emit("echo").ackd();
  return pair;
}
