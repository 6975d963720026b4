// What a peer sent is read here, and nothing is trusted. All of it throws a TypeError.

import { MOST_NAME } from "../errors/check.ts";
import type { Handle } from "../links/link.ts";
import type { Arrival } from "../message/inbound-event.ts";
import { MAX_TIMEOUT } from "../time/deadlines.ts";
import { Flag, type Meta, type WireItem } from "./protocol.ts";

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
    ...(typeof d === "number" && d >= 0 && { d: Math.min(d, MAX_TIMEOUT) }),
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
