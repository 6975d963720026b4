import { type Address, CarriedLink, type Carrier } from "./link.ts";
import { EPOCHS, Kind, type Packet, packetOf, readPacket } from "./packet.ts";

/** So many links that are over are remembered by their epochs: what is late of them begins nothing. */
const MOST_ENDED = 1000;

/** What a mailbox asks of whoever it belongs to. */
export interface MailboxAsked {
  /** A process has begun a link, and there is none to it here. It is heard if one is begun now. */
  stranger(from: string): void;
}

/** The links of this process over one carrier, one for each process it talks to, and whose a packet is. */
export class Mailbox {
  readonly #carrier: Carrier;
  readonly #asked: MailboxAsked;
  readonly #largest: () => number;
  readonly #links = new Map<string, CarriedLink>();
  readonly #ended = new Set<number>();

  /** `largest`: the bytes that a frame may have. */
  constructor(carrier: Carrier, asked: MailboxAsked, largest: () => number) {
    const ended = (to: string, reason: string) => {
      this.#forget(to);
      carrier.ended(to, reason);
    };
    this.#carrier = {
      get isConnected() {
        return carrier.isConnected;
      },
      get mostBytes() {
        return carrier.mostBytes;
      },
      send: (to, packet, asks) => carrier.send(to, packet, asks),
      ended,
    };
    this.#asked = asked;
    this.#largest = largest;
  }

  /** Those that are not over. */
  get links(): CarriedLink[] {
    return [...this.#links.values()];
  }

  /** The link to a process, if there is one. */
  to(name: string): CarriedLink | undefined {
    return this.#links.get(name);
  }

  /** Begins a link. There must be none to that process. */
  begin(address: Address): CarriedLink {
    const link = new CarriedLink(this.#carrier, address, newEpoch(), this.#largest);
    this.#links.set(address.to, link);
    return link;
  }

  /** The carrier is connected, or is not any more. */
  connected(): void {
    for (const link of this.links) link.connected();
  }

  /** A packet from a process. Nothing in it is trusted. */
  receive(from: string, data: Uint8Array): void {
    const packet = readPacket(data);
    if (!packet) return;
    const link = this.#links.get(from);
    if (packet.kind === Kind.RESET) {
      const isOurs = packet.yours === link?.epoch && packet.epoch === link.theirs;
      if (isOurs) link.close({ reason: "knows nothing of this link any more" });
      return;
    }
    if (packet.yours !== 0 && packet.yours !== link?.epoch) {
      if (packet.kind !== Kind.GOODBYE) this.#reset(from, packet);
      return;
    }
    if (this.#ended.has(packet.epoch)) this.#reset(from, packet);
    else this.#linkFor(from, packet, link)?.receive(packet);
  }

  /** The link that takes a packet: a new one, if it comes from a link over there that is not known. */
  #linkFor(
    from: string,
    { kind, epoch, yours }: Packet,
    link: CarriedLink | undefined,
  ): CarriedLink | undefined {
    if (epoch === 0) return undefined;
    if (link && link.theirs === 0) link.theirs = epoch;
    if (link?.theirs === epoch) return link;
    const begins = yours === 0 && (kind === Kind.DATA || kind === Kind.PROBE);
    if (!begins) return undefined;
    link?.close({ reason: "has begun anew" });
    if (!this.#links.has(from)) this.#asked.stranger(from);
    const begun = this.#links.get(from);
    if (begun) begun.theirs = epoch;
    return begun;
  }

  /** Says that there is no such link as the packet was for. Whoever did not address that has not sent it, and knows so. */
  #reset(to: string, { epoch, yours }: Packet): void {
    if (!this.#carrier.isConnected) return;
    const nothing = { flags: 0, number: 0, taken: 0, waited: 0 };
    const packet = packetOf({ kind: Kind.RESET, epoch: yours, yours: epoch, ...nothing });
    this.#carrier.send(to, packet, false);
  }

  #forget(to: string): void {
    const link = this.#links.get(to);
    if (!link) return;
    this.#links.delete(to);
    if (link.theirs === 0) return;
    this.#ended.add(link.theirs);
    const [oldest] = this.#ended;
    if (oldest !== undefined && this.#ended.size > MOST_ENDED) this.#ended.delete(oldest);
  }
}

/** No other link has it, and nobody guesses it. */
function newEpoch(): number {
  const bytes = process.getBuiltinModule("node:crypto").randomBytes(8);
  return Number(bytes.readBigUInt64BE() % BigInt(EPOCHS)) || 1;
}
