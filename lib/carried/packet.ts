/** What a packet is. */
export const Kind = {
  /** A frame, or a part of one. */
  DATA: 1,
  /** What has been taken here. */
  TAKEN: 2,
  /** Asks what has been taken there, and says up to which number it was sent. */
  PROBE: 3,
  /** There is no link of the epoch that it comes from: a packet was addressed to that. */
  RESET: 4,
  /** The sender's link ends here. */
  GOODBYE: 5,
} as const;

/** What else is said of a packet. */
export const Flag = {
  /** The next one goes on with the frame. */
  MORE: 1,
  /** Something before it is missing. */
  GAP: 2,
  /** It answers a probe, whose number it has. */
  ANSWER: 4,
} as const;

/** The layout of packets. Those of another are not read. */
const LAYOUT = 1;

const AT_KIND = 0;
const AT_FLAGS = 1;
const AT_EPOCH = 2;
const AT_YOURS = 10;
const AT_NUMBER = 18;
const AT_TAKEN = 24;
const AT_WAITED = 30;
/** Bytes before the body. */
export const HEAD = 34;

const NUMBER_BYTES = 6;
const MOST_WAITED = 2 ** 32 - 1;

/** What stands in the head of a packet. */
export interface Head {
  readonly kind: number;
  readonly flags: number;
  /** Random, of the link that it comes from; 0 for that of nobody. */
  readonly epoch: bigint;
  /** That of the link it is for, as its sender knows it; 0 while it has not heard from it. */
  readonly yours: bigint;
  /** Of this packet, or of the last one sent. */
  readonly number: number;
  /** The sender has taken everything up to that number. */
  readonly taken: number;
  /** How long ago its frame was given to the link, in ms. */
  readonly waited: number;
}

/** A packet that has arrived. */
export interface Packet extends Head {
  readonly body: Buffer;
}

/** Writes a head to the beginning of a packet. */
export function writeHead(packet: Buffer, head: Head): void {
  packet[AT_KIND] = (LAYOUT << 4) | head.kind;
  packet[AT_FLAGS] = head.flags;
  packet.writeBigUInt64BE(head.epoch, AT_EPOCH);
  packet.writeBigUInt64BE(head.yours, AT_YOURS);
  packet.writeUIntBE(head.number, AT_NUMBER, NUMBER_BYTES);
  packet.writeUIntBE(head.taken, AT_TAKEN, NUMBER_BYTES);
  packet.writeUInt32BE(Math.min(Math.max(0, Math.round(head.waited)), MOST_WAITED), AT_WAITED);
}

/** A packet that has nothing but a head. */
export function packetOf(head: Head): Buffer {
  const packet = Buffer.allocUnsafe(HEAD);
  writeHead(packet, head);
  return packet;
}

/** Reads a packet; nothing if it is none of this layout. */
export function readPacket(data: Uint8Array): Packet | undefined {
  if (data.length < HEAD || (data[AT_KIND] ?? 0) >> 4 !== LAYOUT) return undefined;
  const packet = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return {
    kind: packet.readUInt8(AT_KIND) & 15,
    flags: packet.readUInt8(AT_FLAGS),
    epoch: packet.readBigUInt64BE(AT_EPOCH),
    yours: packet.readBigUInt64BE(AT_YOURS),
    number: packet.readUIntBE(AT_NUMBER, NUMBER_BYTES),
    taken: packet.readUIntBE(AT_TAKEN, NUMBER_BYTES),
    waited: packet.readUInt32BE(AT_WAITED),
    body: packet.subarray(HEAD),
  };
}
