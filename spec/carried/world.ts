import type { CarriedLink, Carrier } from "../../lib/carried/link.ts";
import { Mailbox } from "../../lib/carried/mailbox.ts";
import { FRAME_KEY } from "../../lib/wire/protocol.ts";

export type Side = "left" | "right";
export const SIDES = ["left", "right"] as const;

/** Packets are so small that most frames take several. */
const MOST_BYTES = 64;
const LARGEST = 2 ** 16;
const across = { left: "right", right: "left" } as const;

/** What is known of a frame. */
interface Told {
  /** On which link of its sender, and in which order there. */
  readonly epoch: number;
  readonly order: number;
  outcome: "open" | "taken" | "channel";
  arrived: number;
}

/** A process with a mailbox. */
interface Party {
  readonly mailbox: Mailbox;
  isConnected: boolean;
  /** What the carrier has for it. */
  wire: Buffer[];
  /** The frames that came on each link. */
  readonly got: Map<number, string[]>;
  readonly closed: Set<number>;
}

/** Two processes, and a carrier on which nothing moves by itself. */
export class CarriedWorld {
  readonly parties: Record<Side, Party>;
  readonly wrong: string[] = [];
  readonly #told = new Map<string, Told>();
  #orders = 0;

  constructor() {
    this.parties = { left: this.#party("left"), right: this.#party("right") };
  }

  /** Gives a frame to the link of that side; one is begun if there is none. */
  send(side: Side, size: number): void {
    const { mailbox } = this.parties[side];
    const link = mailbox.to(across[side]) ?? this.#begin(side, mailbox);
    const label = `${side} ${++this.#orders}`;
    const told: Told = { epoch: link.epoch, order: this.#orders, outcome: "open", arrived: 0 };
    this.#told.set(label, told);
    link.send({ [FRAME_KEY]: [1, told.order, label, "x".repeat(size)] }, undefined, (failure) => {
      if (told.outcome !== "open") this.wrong.push(`${label} was done twice`);
      told.outcome = failure === undefined ? "taken" : "channel";
    });
  }

  /** A packet arrives; the one that was sent first, or one of the others. */
  deliver(side: Side, index = 0): void {
    const party = this.parties[side];
    const [packet] = party.wire.splice(index % Math.max(1, party.wire.length), 1);
    if (packet) party.mailbox.receive(across[side], packet);
  }

  lose(side: Side): void {
    this.parties[side].wire.shift();
  }

  /** A packet will arrive twice, the second time perhaps late. */
  repeat(side: Side, index: number): void {
    const { wire } = this.parties[side];
    const [first] = wire;
    if (first) wire.splice(1 + (index % wire.length), 0, Buffer.from(first));
  }

  /** The connection of a side breaks; of what was on its way there so many packets at the end are lost. */
  disconnect(side: Side, lost: number): void {
    const party = this.parties[side];
    party.isConnected = false;
    party.wire = party.wire.slice(0, Math.max(0, party.wire.length - lost));
    party.mailbox.connected();
  }

  reconnect(side: Side): void {
    const party = this.parties[side];
    if (party.isConnected) return;
    party.isConnected = true;
    party.mailbox.connected();
  }

  look(side: Side): void {
    this.parties[side].mailbox.to(across[side])?.look();
  }

  /** A side takes the other for gone, or lets go of it. */
  end(side: Side, how: "close" | "detach"): void {
    const link = this.parties[side].mailbox.to(across[side]);
    if (how === "close") link?.close({ reason: "was silent" });
    else link?.detach();
  }

  get isQuiet(): boolean {
    return SIDES.every((side) => this.parties[side].wire.length === 0);
  }

  /** Whether something was given to a link that is not over, and has not been taken. */
  get isOpen(): boolean {
    return SIDES.some((side) => this.parties[side].mailbox.links.some((link) => link.isUntaken));
  }

  /** How many links are over, on either side. */
  get ended(): number {
    return SIDES.reduce((sum, side) => sum + this.parties[side].closed.size, 0);
  }

  /** What was promised and is not so. */
  judge(): string[] {
    for (const [label, { outcome, arrived }] of this.#told) {
      if (arrived > 1) this.wrong.push(`${label} arrived ${arrived} times`);
      if (outcome === "taken" && arrived === 0)
        this.wrong.push(`${label} never arrived, but was told to`);
      if (outcome === "channel" && arrived > 0)
        this.wrong.push(`${label} arrived, but was told not to`);
    }
    for (const side of SIDES) for (const got of this.parties[side].got.values()) this.#judge(got);
    for (const side of SIDES) {
      for (const link of this.parties[side].mailbox.links) this.#judgeLiving(link);
    }
    return this.wrong;
  }

  /** What came on a link is what was given to one link over there, from the first on, in order. */
  #judge(got: readonly string[]): void {
    const told = got.map((label) => this.#told.get(label));
    const epoch = told[0]?.epoch;
    const sent = [...this.#told].filter(([, each]) => each.epoch === epoch).map(([label]) => label);
    const expected = sent.slice(0, got.length);
    if (got.join() !== expected.join())
      this.wrong.push(`${got.join()} came for ${expected.join()}`);
  }

  #judgeLiving({ epoch, to, isUntaken }: CarriedLink): void {
    if (isUntaken) this.wrong.push(`a link to ${to} has something that was never taken`);
    for (const [label, each] of this.#told) {
      if (each.epoch === epoch && each.outcome !== "taken") this.wrong.push(`${label} was lost`);
    }
  }

  #party(side: Side): Party {
    const world = this;
    const carrier: Carrier = {
      get isConnected() {
        return party.isConnected;
      },
      mostBytes: MOST_BYTES,
      send(_to, packet) {
        if (!party.isConnected) world.wrong.push(`${side} sent while it was not connected`);
        if (packet.length > MOST_BYTES) world.wrong.push("a packet was too large");
        const other = world.parties[across[side]];
        if (other.isConnected) other.wire.push(Buffer.from(packet));
      },
      ended: () => undefined,
    };
    const asked = {
      stranger: () => this.#begin(side, mailbox),
    };
    const mailbox = new Mailbox(carrier, asked, () => LARGEST);
    const party: Party = {
      mailbox,
      isConnected: true,
      wire: [],
      got: new Map(),
      closed: new Set(),
    };
    return party;
  }

  #begin(side: Side, mailbox: Mailbox): CarriedLink {
    const to = across[side];
    const link = mailbox.begin({ to, id: to, serialization: "json" });
    this.#open(side, link);
    return link;
  }

  #open(side: Side, link: CarriedLink): void {
    const { got, closed } = this.parties[side];
    const frames: string[] = [];
    got.set(link.epoch, frames);
    link.open({
      frame: (body) => {
        const label = (body as string[])[2] ?? "nothing";
        const told = this.#told.get(label);
        if (!told) this.wrong.push(`${label} was never sent`);
        else told.arrived++;
        if (closed.has(link.epoch)) this.wrong.push(`${label} came after the end`);
        frames.push(label);
        return true;
      },
      foreign: () => false,
      flow: () => undefined,
      closed: () => {
        if (closed.has(link.epoch)) this.wrong.push("a link ended twice");
        closed.add(link.epoch);
      },
    });
  }
}
