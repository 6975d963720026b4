// What a peer sent is read here, and nothing is trusted. All of it throws a TypeError.

import { MOST_NAME } from "../errors/check.ts";
import type { Handle } from "./handle.ts";
import { Flag, Item, type Meta, type WireItem } from "./protocol.ts";
import { deserialize } from "./serialization.ts";

/**
 * Takes a received body apart: the frame's number, and its items with their payloads.
 * Throws on anything that no version of ours sends.
 */
export function decodeFrame(body: unknown): {
  number: number;
  items: WireItem[];
  /** How many messages, about. */
  size: number;
  isText: boolean;
} {
  if (!Array.isArray(body)) throw new TypeError("a frame's body is not a list");
  const [number, text] = body as [unknown, unknown];
  if (!Number.isSafeInteger(number)) throw new TypeError("a frame has no number");
  const isText = typeof text === "string";
  const items: unknown = isText ? JSON.parse(text) : body.slice(1);
  if (!Array.isArray(items)) throw new TypeError("a frame's items are not a list");
  let size = 0;
  for (const item of items) {
    if (!Array.isArray(item) || !Number.isSafeInteger(item[0])) {
      throw new TypeError("an item has no head");
    }
    const head = item[0] as number;
    size += head & Flag.RUN ? item.length - ((head & 15) === Item.ACK ? 2 : 4) : 1;
    if (head & Flag.BESIDE) {
      if (item !== items.at(-1)) throw new TypeError("more than one payload beside the text");
      item.push(head & Flag.ENCODED ? decode(body[2]) : body[2]);
    } else if (head & Flag.ENCODED) {
      item.push(JSON.parse(item.pop() as string));
    }
  }
  return { number: number as number, items, size, isText };
}

function decode(encoded: unknown): unknown {
  return typeof encoded === "string" ? JSON.parse(encoded) : deserialize(encoded);
}

/** Where the payloads begin in a run. */
const EVENTS_BEGIN = 4;
const ACKS_BEGIN = 2;

/** A name of a namespace or an event. */
export function name(value: unknown): string {
  if (typeof value === "string" && value !== "" && value.length <= MOST_NAME) return value;
  throw new TypeError("a name is not a text, or too long");
}

/** An id. */
export function number(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw new TypeError("an id is not a number");
}

const NO_META: Meta = {};

/** The optional parts of an event or ack, of which only what is known is taken. */
export function metaOf(value: unknown): Meta {
  if (value === 0) return NO_META;
  if (typeof value !== "object" || value === null) throw new TypeError("bad message options");
  const { h, d, s, b } = value as Meta;
  return {
    ...(h !== undefined && { h: headersOf(h) }),
    ...(typeof d === "number" && d >= 0 && { d }),
    ...(s === 1 && { s }),
    ...(typeof b === "string" && { b }),
  };
}

function headersOf(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) throw new TypeError("bad headers");
  const headers = Object.create(null) as Record<string, string>;
  for (const [key, text] of Object.entries(value)) {
    if (typeof text === "string") headers[key] = text;
  }
  return headers;
}

/** What the wire said about an event, beside its name. */
export interface Arrival {
  readonly namespace: string;
  readonly event: string;
  readonly id: number;
  readonly data: unknown;
  readonly headers: Record<string, string> | undefined;
  readonly wantsAck: boolean;
  readonly handle: Handle | undefined;
  /** Milliseconds the sender will wait, if it set that for the message. */
  readonly remaining: number | undefined;
  /** The sender has a signal that may abort. */
  readonly isCancellable: boolean;
}

/** An event: what is told of it, and whether a handle should have come along. */
export function readEvent(
  item: WireItem,
  handle: Handle | undefined,
): { arrival: Arrival; unread: string | undefined; expectsHandle: boolean } {
  const head = item[0] as number;
  const meta = metaOf(item[4]);
  const expectsHandle = (head & Flag.HANDLE) !== 0;
  const arrival: Arrival = {
    id: number(item[1]),
    namespace: name(item[2]),
    event: name(item[3]),
    data: item[5],
    headers: meta.h,
    wantsAck: (head & Flag.WANTS_ACK) !== 0,
    handle: expectsHandle ? handle : undefined,
    remaining: meta.d,
    isCancellable: meta.s === 1,
  };
  return { arrival, unread: meta.b, expectsHandle };
}

/** A run of events that have nothing but names and data. */
export function readEvents(item: WireItem, take: (arrival: Arrival) => void): void {
  const wantsAck = ((item[0] as number) & Flag.WANTS_ACK) !== 0;
  const first = number(item[1]);
  const namespace = name(item[2]);
  const event = name(item[3]);
  number(first + item.length);
  for (let index = EVENTS_BEGIN; index < item.length; index++) {
    take({
      id: first + index - EVENTS_BEGIN,
      namespace,
      event,
      data: item[index],
      headers: undefined,
      wantsAck,
      handle: undefined,
      remaining: undefined,
      isCancellable: false,
    });
  }
}

/** A run of acks that have nothing but a reply. */
export function readAcks(item: WireItem, take: (id: number, reply: unknown) => void): void {
  const first = number(item[1]);
  number(first + item.length);
  for (let index = ACKS_BEGIN; index < item.length; index++) {
    take(first + index - ACKS_BEGIN, item[index]);
  }
}
