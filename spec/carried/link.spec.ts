import { expect } from "chai";
import type { CarriedLink, Carrier } from "../../lib/carried/link.ts";
import { Mailbox } from "../../lib/carried/mailbox.ts";
import { Flag, Kind, type Packet, packetOf, readPacket } from "../../lib/carried/packet.ts";
import type { End } from "../../lib/errors/bus-error.ts";
import { FRAME_KEY } from "../../lib/wire/protocol.ts";

const WINDOW = 2 ** 21;
const LARGEST = 2 ** 16;
const MOST_BYTES = 2 ** 18;
const address = { to: "other", id: "other", serialization: "json" as const };
const frameOf = (number: number, text = "") => ({ [FRAME_KEY]: [1, number, text] });

/** A link whose other end is the spec. */
class Lonely implements Carrier {
  isConnected = true;
  mostBytes = MOST_BYTES;
  readonly sent: Packet[] = [];
  readonly flows: boolean[] = [];
  readonly ends: End[] = [];
  readonly frames: { body: unknown; waited: number | undefined }[] = [];
  readonly outcomes: unknown[] = [];
  readonly mailbox: Mailbox = new Mailbox(this, { stranger: () => this.begin() }, () => LARGEST);

  send(_to: string, packet: Buffer): void {
    const copy = readPacket(Buffer.from(packet));
    if (copy) this.sent.push(copy);
  }

  ended(): void {
    // Nobody counts.
  }

  begin(): CarriedLink {
    const link = this.mailbox.begin(address);
    this.open(link);
    return link;
  }

  open(link: CarriedLink): void {
    link.open({
      frame: (body, _, waited) => this.frames.push({ body, waited }) > 0,
      foreign: () => false,
      flow: (isOpen) => this.flows.push(isOpen),
      closed: (end) => this.ends.push(end),
    });
  }

  give(link: CarriedLink, bytes: number): void {
    const index = this.outcomes.push("open") - 1;
    link.send(frameOf(index + 1, "x".repeat(bytes)), undefined, (failure) => {
      this.outcomes[index] = failure ?? "taken";
    });
  }

  /** The other end says something. */
  hear(packet: Partial<Packet>): void {
    const nothing = { kind: 0, flags: 0, epoch: 7, yours: 0, number: 0, taken: 0, waited: 0 };
    const { body = Buffer.alloc(0), ...head } = packet;
    const bytes = Buffer.concat([packetOf({ ...nothing, ...head }), body]);
    this.mailbox.receive("other", bytes);
  }
}

describe("a link over a carrier", () => {
  let lonely: Lonely;
  let link: CarriedLink;
  const taken = (up: number) => lonely.hear({ kind: Kind.TAKEN, yours: link.epoch, taken: up });

  beforeEach(() => {
    lonely = new Lonely();
    link = lonely.begin();
  });

  afterEach(() => link.detach());

  it("has no more under way than a window, and says when it is full, and half empty", () => {
    const bytes = WINDOW / 8;
    for (let i = 0; i < 10; i++) lonely.give(link, bytes - 100);
    expect(lonely.sent).to.have.length(8);
    expect(lonely.flows).to.deep.equal([false]);
    taken(1);
    expect(lonely.sent).to.have.length(9);
    taken(5);
    expect(lonely.flows).to.deep.equal([false]);
    taken(7);
    expect(lonely.flows).to.deep.equal([false, true]);
    expect(lonely.outcomes.slice(0, 8)).to.deep.equal([...Array(7).fill("taken"), "open"]);
  });

  it("sends again what is missing, within the window, and no more than that is told unsent in the end", () => {
    for (let i = 0; i < 10; i++) lonely.give(link, WINDOW / 8 - 100);
    taken(2);
    expect(lonely.sent).to.have.length(10);
    lonely.isConnected = false;
    lonely.hear({ kind: Kind.TAKEN, flags: Flag.GAP, yours: link.epoch, taken: 2 });
    taken(4);
    lonely.give(link, 10);
    lonely.isConnected = true;
    link.connected();
    expect(lonely.sent.at(-1)).to.include({ kind: Kind.PROBE });
    lonely.isConnected = false;
    link.close({});
    const maybe = Array(6).fill("open");
    expect(lonely.outcomes).to.deep.equal([...Array(4).fill("taken"), ...maybe, "channel"]);
  });

  it("gives nothing away while it is not connected, and goes on where it was", () => {
    lonely.isConnected = false;
    link.connected();
    lonely.give(link, 10);
    expect(lonely.sent).to.have.length(0);
    lonely.isConnected = true;
    link.connected();
    expect(lonely.flows).to.deep.equal([false, true]);
    lonely.hear({ kind: Kind.TAKEN, flags: Flag.ANSWER, yours: link.epoch });
    expect(lonely.sent.map(({ kind }) => kind)).to.include.members([Kind.PROBE, Kind.DATA]);
  });

  it("tells how long a frame has waited, each time that it is sent", async () => {
    lonely.isConnected = false;
    lonely.give(link, 10);
    await new Promise((resolve) => setTimeout(resolve, 60));
    lonely.isConnected = true;
    lonely.hear({ kind: Kind.TAKEN, yours: link.epoch });
    expect(lonely.sent[0]?.waited).to.be.within(50, 20_000);
    lonely.hear({
      kind: Kind.DATA,
      yours: link.epoch,
      number: 1,
      waited: 123,
      body: Buffer.from("[1,1]"),
    });
    expect(lonely.frames).to.deep.equal([{ body: [1, 1], waited: 123 }]);
  });

  it("ends, and says so on both sides, when the carrier takes no such packets any more as wait", () => {
    for (let i = 0; i < 10; i++) lonely.give(link, WINDOW / 8 - 100);
    taken(1);
    lonely.mostBytes = 1000;
    lonely.hear({ kind: Kind.TAKEN, flags: Flag.GAP, yours: link.epoch, taken: 2 });
    expect(lonely.ends).to.have.length(1);
    expect(lonely.ends[0]?.reason).to.match(/takes less at once than before/);
    expect(lonely.sent.at(-1)).to.include({ kind: Kind.GOODBYE });
    const maybe = Array(7).fill("open");
    expect(lonely.outcomes).to.deep.equal(["taken", "taken", ...maybe, "channel"]);
    const next = lonely.begin();
    lonely.give(next, 5000);
    expect(
      lonely.sent.filter(({ kind, epoch }) => kind === Kind.DATA && epoch === next.epoch),
    ).to.have.length(6);
    next.detach();
  });

  describe("believes nobody", () => {
    it("who is not the link over there, and resets him", () => {
      taken(0);
      const before = lonely.sent.length;
      lonely.hear({ kind: Kind.DATA, yours: 5, number: 1, body: Buffer.from("[1,1]") });
      expect(lonely.frames).to.deep.equal([]);
      expect(lonely.sent.slice(before)).to.have.length(1);
      expect(lonely.sent.at(-1)).to.include({ kind: Kind.RESET, yours: 7, epoch: 5 });
      lonely.hear({ kind: Kind.DATA, epoch: 8, yours: link.epoch, number: 1 });
      expect(lonely.frames).to.deep.equal([]);
    });

    it("who resets a link without the epochs of both ends", () => {
      taken(0);
      for (let yours = 0; yours < 30; yours++) lonely.hear({ kind: Kind.RESET, yours });
      for (const epoch of [0, 1]) {
        lonely.hear({ kind: Kind.RESET, epoch, yours: link.epoch });
      }
      expect(lonely.ends).to.deep.equal([]);
      lonely.hear({ kind: Kind.RESET, yours: link.epoch });
      expect(lonely.ends).to.have.length(1);
    });

    it("who has taken what was never sent", () => {
      lonely.isConnected = false;
      lonely.give(link, 10);
      taken(1);
      taken(2 ** 47);
      expect(lonely.outcomes).to.deep.equal(["open"]);
    });

    it("who sends what is no packet, and tells the bus of what is no frame", () => {
      for (const bytes of [[], [1, 2, 3], Array(34).fill(0), Array(34).fill(255)]) {
        lonely.mailbox.receive("other", Uint8Array.from(bytes));
      }
      expect(lonely.ends).to.deep.equal([]);
      for (const [index, bytes] of [[0x7b], [1], [2, 0, 0], []].entries()) {
        const number = index + 1;
        lonely.hear({ kind: Kind.DATA, yours: link.epoch, number, body: Buffer.from(bytes) });
      }
      expect(lonely.frames.map(({ body }) => body)).to.deep.equal(Array(4).fill(undefined));
    });

    it("who never ends a frame", () => {
      for (let number = 1; number < 10 && lonely.ends.length === 0; number++) {
        const body = Buffer.alloc(LARGEST / 4);
        lonely.hear({ kind: Kind.DATA, flags: Flag.MORE, yours: link.epoch, number, body });
      }
      expect(lonely.ends).to.deep.equal([{ reason: "sent more than this side takes in a frame" }]);
    });
  });

  it("begins again where the other side has, and takes nothing late of the link before", () => {
    taken(0);
    const data = { kind: Kind.DATA, number: 1, body: Buffer.from("[1,1]") };
    lonely.hear({ ...data, epoch: 8 });
    expect(lonely.ends).to.deep.equal([{ reason: "has begun anew" }]);
    expect(lonely.frames).to.have.length(1);
    lonely.hear(data);
    expect(lonely.frames).to.have.length(1);
    expect(lonely.sent.at(-1)).to.include({ kind: Kind.RESET, yours: 7 });
  });
});
