import { expect } from "chai";
import { fromBytes, toBytes } from "../../lib/carried/frame-bytes.ts";
import { FRAME_KEY } from "../../lib/wire/protocol.ts";

const ROOM = 34;

describe("the bytes of a frame", () => {
  const bodies = {
    "items in json": ["json", [1, 2, [2, 3, "ns", "event", 0, { text: "é€😀" }]]],
    "a text": ["advanced", [2 ** 30 - 1, 2 ** 40, "text é€😀"]],
    "a text, and what stands beside it": [
      "advanced",
      [1, 2, "text é", new Map([[1, new Date(5)]])],
    ],
    "a text, and nothing beside it": ["advanced", [1, 2, "[]", undefined]],
  } as const;

  for (const [what, [serialization, body]] of Object.entries(bodies)) {
    it(`carry ${what}, behind a head`, () => {
      const bytes = toBytes(serialization, { [FRAME_KEY]: body }, ROOM);
      const arrived = fromBytes(serialization, bytes.subarray(ROOM));
      expect(arrived).to.deep.equal(body);
    });
  }

  it("are never read in the v8 format by who speaks json", () => {
    const bytes = toBytes("advanced", { [FRAME_KEY]: [1, 2, "[]", new Map()] }, 0);
    expect(() => fromBytes("json", bytes)).to.throw(TypeError);
  });

  it("throw what cannot be encoded", () => {
    const frame = { [FRAME_KEY]: [1, 2, "[]", () => undefined] };
    expect(() => toBytes("advanced", frame, ROOM)).to.throw();
  });

  it("throw where they are cut off", () => {
    const bytes = toBytes("advanced", { [FRAME_KEY]: [1, 2, "a text"] }, 0);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => fromBytes("advanced", bytes.subarray(0, length)), `${length} bytes`).to.throw();
    }
  });
});
