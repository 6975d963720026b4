import { expect } from "chai";
import fc from "fast-check";
import {
  EPOCHS,
  HEAD,
  type Head,
  Kind,
  packetOf,
  readPacket,
  writeHead,
} from "../../lib/carried/packet.ts";

const epoch = fc.integer({ min: 0, max: EPOCHS - 1 });
const number = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const heads: fc.Arbitrary<Head> = fc.record({
  kind: fc.constantFrom(...Object.values(Kind)),
  flags: fc.integer({ min: 0, max: 255 }),
  epoch,
  yours: epoch,
  number,
  taken: number,
  waited: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});

describe("a packet", () => {
  it("is read as it was written, with the largest numbers too", () => {
    const most = { epoch: EPOCHS - 1, yours: EPOCHS - 1, number: 2 ** 48 - 1, taken: 2 ** 47 };
    fc.assert(
      fc.property(heads, fc.uint8Array(), (head, body) => {
        const packet = Buffer.concat([packetOf(head), body]);
        expect(readPacket(packet)).to.deep.equal({ ...head, body: Buffer.from(body) });
      }),
      { examples: [[{ kind: 1, flags: 255, ...most, waited: 2 ** 32 - 1 }, new Uint8Array([7])]] },
    );
  });

  it("has the numbers as any other program would write them", () => {
    const packet = Buffer.alloc(HEAD);
    const head = { kind: 1, flags: 2, epoch: 2 ** 52 + 3, yours: 2 ** 40 + 5 };
    writeHead(packet, { ...head, number: 2 ** 47 + 7, taken: 2 ** 33 + 9, waited: 2 ** 31 + 11 });
    expect(packet.readBigUInt64BE(2)).to.equal(BigInt(head.epoch));
    expect(packet.readBigUInt64BE(10)).to.equal(BigInt(head.yours));
    expect(packet.readUIntBE(18, 6)).to.equal(2 ** 47 + 7);
    expect(packet.readUIntBE(24, 6)).to.equal(2 ** 33 + 9);
    expect(packet.readUInt32BE(30)).to.equal(2 ** 31 + 11);
  });

  it("that waited longer than can be told has waited for the longest that can", () => {
    const nothing = { kind: 1, flags: 0, epoch: 1, yours: 1, number: 1, taken: 0 };
    const waited = (time: number) => readPacket(packetOf({ ...nothing, waited: time }))?.waited;
    expect([2 ** 40, -1, 0.6].map(waited)).to.deep.equal([2 ** 32 - 1, 0, 1]);
  });
});
