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

const MOST_WAITED = 2 ** 32 - 1;
/** Epochs are random numbers below that: all that a number can hold exactly. */
export const EPOCHS: number = 2 ** 53;

/** What stands in the head of a packet. */
export interface Head {
  readonly kind: number;
  readonly flags: number;
  /** Random, of the link that it comes from; 0 for that of nobody. */
  readonly epoch: number;
  /** That of the link it is for, as its sender knows it; 0 while it has not heard from it. */
  readonly yours: number;
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
export function writeHead(packet: Uint8Array, head: Head): void {
  packet[AT_KIND] = (LAYOUT << 4) | head.kind;
  packet[AT_FLAGS] = head.flags;
  writeLong(packet, AT_EPOCH, head.epoch);
  writeLong(packet, AT_YOURS, head.yours);
  writeNumber(packet, AT_NUMBER, head.number);
  writeNumber(packet, AT_TAKEN, head.taken);
  write32(packet, AT_WAITED, Math.min(Math.max(0, Math.round(head.waited)), MOST_WAITED));
}

/** A packet that has nothing but a head. */
export function packetOf(head: Head): Buffer {
  const packet = Buffer.allocUnsafe(HEAD);
  writeHead(packet, head);
  return packet;
}

/** Reads a packet; nothing if it is none of this layout. */
export function readPacket(data: Uint8Array): Packet | undefined {
  if (data.length < HEAD || byteAt(data, AT_KIND) >> 4 !== LAYOUT) return undefined;
  return {
    kind: byteAt(data, AT_KIND) & 15,
    flags: byteAt(data, AT_FLAGS),
    epoch: readLong(data, AT_EPOCH),
    yours: readLong(data, AT_YOURS),
    number: readNumber(data, AT_NUMBER),
    taken: readNumber(data, AT_TAKEN),
    waited: read32(data, AT_WAITED),
    body: Buffer.from(data.buffer, data.byteOffset + HEAD, data.length - HEAD),
  };
}

// Every packet has four of these: the methods of a Buffer, and big integers, take longer than all else that is done with
// a small one.

/** 8 bytes, the first of them for what a number cannot hold exactly. */
function writeLong(bytes: Uint8Array, at: number, value: number): void {
  write32(bytes, at, value / 2 ** 32);
  write32(bytes, at + 4, value);
}

/** 6 bytes. */
function writeNumber(bytes: Uint8Array, at: number, value: number): void {
  const high = value / 2 ** 32;
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  write32(bytes, at + 2, value);
}

function write32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function readLong(bytes: Uint8Array, at: number): number {
  return read32(bytes, at) * 2 ** 32 + read32(bytes, at + 4);
}

function readNumber(bytes: Uint8Array, at: number): number {
  const high = (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1);
  return high * 2 ** 32 + read32(bytes, at + 2);
}

function read32(bytes: Uint8Array, at: number): number {
  const high = (byteAt(bytes, at) << 24) | (byteAt(bytes, at + 1) << 16);
  return (high | (byteAt(bytes, at + 2) << 8) | byteAt(bytes, at + 3)) >>> 0;
}

/** A byte that is there: the length was looked at first. */
function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}
