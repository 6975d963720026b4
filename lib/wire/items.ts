// The one place that knows which position in an item means what: for each kind, its writer and its reader.
// What is read came from a peer, and nothing is trusted: what no version of ours sends throws a TypeError.

import { BUS_NAME, MOST_NAME } from "../errors/check.ts";
import type { Handle } from "./handle.ts";
import { Flag, Item, KIND, type Meta, PROTOCOL, Seat, type WireItem } from "./protocol.ts";

/** What kind an item is, by its head. */
export function kindOf(item: WireItem): number {
  return (item[0] as number) & KIND;
}

// hello: [head, major, minor, identity, seat, identity of whom it answers or 0, features, namespaces, asks, probe, name or 0];
// up to whom it answers the same in every major, so that it is known whose hello it is

/** Who is there, as the two buses tell each other first. */
export interface Hello {
  readonly major: unknown;
  readonly minor: unknown;
  /** The identity of the bus that says it. */
  readonly from: string;
  /** At which end of the link it is. */
  readonly seat: number;
  /** The identity of the bus that it answers; `undefined` if it has heard none. */
  readonly to: string | undefined;
  /** Those that listen. */
  readonly namespaces: readonly string[];
  /** It wants to be answered. */
  readonly asks: boolean;
  /** Of the serializations only `advanced` carries a NaN. */
  readonly hasNaN: boolean;
  /** What the bus is called, if it was given a name. */
  readonly name: string | undefined;
}

export function helloItem(hello: Omit<Hello, "hasNaN" | "major" | "minor">): WireItem {
  const { from, seat, to, namespaces, asks, name } = hello;
  const { major, minor } = PROTOCOL;
  // Features come later.
  const features: string[] = [];
  const who = [Item.HELLO, major, minor, from, seat, to ?? 0];
  return [...who, features, namespaces, asks ? 1 : 0, Number.NaN, name ?? 0];
}

export function readHello(item: WireItem): Hello {
  const [, major, minor, from, seat, to, , namespaces, asks, probe, name] = item;
  const who = { major, minor, from: readName(from), seat: readSeat(seat), to: readTo(to) };
  // Of what another major says nothing else is known.
  if (major !== PROTOCOL.major) {
    return { ...who, namespaces: [], asks: false, hasNaN: false, name: undefined };
  }
  if (!Array.isArray(namespaces)) throw new TypeError("a hello without namespaces");
  return {
    ...who,
    // A hole in it is no name either, which `map` would pass.
    namespaces: Array.from(namespaces, readName),
    asks: asks === 1,
    hasNaN: Number.isNaN(probe),
    name: readBusName(name),
  };
}

/** Whose hello a frame brings that is of nobody known; `undefined` if it brings none. */
export function helloIn(items: readonly WireItem[]): Hello | undefined {
  const item = items.find((each) => kindOf(each) === Item.HELLO);
  return item && readHello(item);
}

function readSeat(value: unknown): number {
  if (value === Seat.PARENT || value === Seat.CHILD || value === Seat.EQUAL) return value;
  throw new TypeError("a hello from no end of a link");
}

function readTo(value: unknown): string | undefined {
  return value === 0 ? undefined : readName(value);
}

/** What is not told, as by an earlier minor, is no name. */
function readBusName(value: unknown): string | undefined {
  if (value === undefined || value === 0) return undefined;
  if (typeof value === "string" && BUS_NAME.test(value)) return value;
  throw new TypeError("a hello with a name that no bus has");
}

// ready: [head, namespace]

export function readyItem(namespace: string): WireItem {
  return [Item.READY, namespace];
}

export function readReady(item: WireItem): string {
  return readName(item[1]);
}

// event: [head, id, namespace, event, meta, data?], and a run of them: [head, first id, namespace, event, ...data]

const EVENT_RUN_BEGINS = 4;

/** An event, as its item tells of it. */
interface TellableEvent {
  readonly id: number;
  readonly namespace: string;
  readonly event: string;
  readonly wantsAck: boolean;
  readonly handle: Handle | undefined;
  /** Milliseconds until it is of no use any more; `Infinity` where that was not set for it. */
  readonly remaining: number;
  readonly isCancellable: boolean;
  sentHeaders(): Record<string, string> | undefined;
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

/** The item of an event, without its data; with what had been read from its socket, as base64. */
export function eventItem(told: TellableEvent, unread: string | undefined): WireItem {
  const { id, namespace, event, remaining } = told;
  let head: number = Item.EVENT;
  if (told.wantsAck) head |= Flag.WANTS_ACK;
  if (told.handle) head |= Flag.HANDLE;
  const headers = told.sentHeaders();
  let meta: Meta | 0 = 0;
  if (headers || remaining !== Infinity || told.isCancellable || unread) {
    meta = {
      ...(headers && { h: headers }),
      ...(remaining !== Infinity && { d: Math.ceil(remaining) }),
      ...(told.isCancellable && { s: 1 }),
      ...(unread && { b: unread }),
    };
  }
  return [head, id, namespace, event, meta];
}

/** The head of an event of which there is nothing to tell but its names and data. */
export function plainEventHead(wantsAck: boolean): number {
  return wantsAck ? Item.EVENT | Flag.WANTS_ACK : Item.EVENT;
}

/** An event: what is told of it, and whether a handle should have come along. */
export function readEvent(
  item: WireItem,
  handle: Handle | undefined,
  waited: number,
): { arrival: Arrival; unread: string | undefined; expectsHandle: boolean } {
  const head = item[0] as number;
  const meta = readMeta(item[4]);
  const expectsHandle = (head & Flag.HANDLE) !== 0;
  const arrival: Arrival = {
    id: readId(item[1]),
    namespace: readName(item[2]),
    event: readName(item[3]),
    data: item[5],
    headers: meta.h,
    wantsAck: (head & Flag.WANTS_ACK) !== 0,
    handle: expectsHandle ? handle : undefined,
    remaining: meta.d === undefined ? undefined : Math.max(0, meta.d - waited),
    isCancellable: meta.s === 1,
  };
  return { arrival, unread: meta.b, expectsHandle };
}

/** A run of events that have nothing but names and data. */
export function readEvents(item: WireItem, take: (arrival: Arrival) => void): void {
  const wantsAck = ((item[0] as number) & Flag.WANTS_ACK) !== 0;
  const first = readId(item[1]);
  const namespace = readName(item[2]);
  const event = readName(item[3]);
  readId(first + item.length);
  for (let index = EVENT_RUN_BEGINS; index < item.length; index++) {
    take({
      id: first + index - EVENT_RUN_BEGINS,
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

// ack: [head, id, meta, reply or failure?], and a run of them: [head, first id, ...replies]

const ACK_RUN_BEGINS = 2;

/** What the wire said about an ack; its payload is a reply, or the failure that stands for it. */
export interface AckArrival {
  readonly id: number;
  readonly payload: unknown;
  readonly isFailure: boolean;
  /** A middleware has replied, and no listener. */
  readonly isUnheard: boolean;
  readonly headers: Record<string, string> | undefined;
}

/** The item of an ack, without its payload. */
export function ackItem(
  id: number,
  isFailure: boolean,
  isUnheard: boolean,
  headers: Record<string, string> | undefined,
): WireItem {
  const meta: Meta = { ...(headers && { h: headers }), ...(isUnheard && { u: 1 }) };
  const head = isFailure ? Item.ACK | Flag.FAILURE : Item.ACK;
  return [head, id, headers || isUnheard ? meta : 0];
}

export function readAck(item: WireItem): AckArrival {
  const { h, u } = readMeta(item[2]);
  return {
    id: readId(item[1]),
    payload: item[3],
    isFailure: ((item[0] as number) & Flag.FAILURE) !== 0,
    isUnheard: u === 1,
    headers: h,
  };
}

/** A run of acks that have nothing but a reply. */
export function readAcks(item: WireItem, take: (id: number, reply: unknown) => void): void {
  const first = readId(item[1]);
  readId(first + item.length);
  for (let index = ACK_RUN_BEGINS; index < item.length; index++) {
    take(first + index - ACK_RUN_BEGINS, item[index]);
  }
}

// a run of either

/** Begins a run with its first member; further payloads are pushed. */
export function runItem(
  head: number,
  id: number,
  namespace: string | undefined,
  event: string | undefined,
  payload: unknown,
): WireItem {
  const run = head | Flag.RUN;
  return head === Item.ACK ? [run, id, payload] : [run, id, namespace, event, payload];
}

/** Whether an item is a run. */
export function isRun(item: WireItem): boolean {
  return ((item[0] as number) & Flag.RUN) !== 0;
}

/** How many messages an item tells of. */
export function countOf(item: WireItem): number {
  if (!isRun(item)) return 1;
  return item.length - (kindOf(item) === Item.ACK ? ACK_RUN_BEGINS : EVENT_RUN_BEGINS);
}

// the question whether a handle has arrived: [head, id], and its answer: [head, id, arrived]

export function handleCheckItem(id: number): WireItem {
  return [Item.HANDLE_CHECK, id];
}

export function readHandleCheck(item: WireItem): number {
  return readId(item[1]);
}

export function handleResultItem(id: number, arrived: boolean): WireItem {
  return [Item.HANDLE_RESULT, id, arrived];
}

export function readHandleResult(item: WireItem): { id: number; arrived: boolean } {
  return { id: readId(item[1]), arrived: item[2] === true };
}

// cancel: [head, id, whether the time is over]

export function cancelItem(id: number, isTimeout: boolean): WireItem {
  return [Item.CANCEL, id, isTimeout ? 1 : 0];
}

export function readCancel(item: WireItem): { id: number; isTimeout: boolean } {
  return { id: readId(item[1]), isTimeout: item[2] === 1 };
}

// closing: [head, namespace, or 0 for the whole bus, step]

export function closingItem(namespace: string | undefined, step: number): WireItem {
  return [Item.CLOSING, namespace ?? 0, step];
}

export function readClosing(item: WireItem): { namespace: string | undefined; step: unknown } {
  return { namespace: item[1] === 0 ? undefined : readName(item[1]), step: item[2] };
}

// what several kinds have

/** A name of a namespace or an event. */
function readName(value: unknown): string {
  if (typeof value === "string" && value !== "" && value.length <= MOST_NAME) return value;
  throw new TypeError("a name is not a text, or too long");
}

function readId(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw new TypeError("an id is not a number");
}

const NO_META: Meta = {};

/** The optional parts of an event or ack, of which only what is known is taken. */
function readMeta(value: unknown): Meta {
  if (value === 0) return NO_META;
  if (typeof value !== "object" || value === null) throw new TypeError("bad message options");
  const { h, d, s, u, b } = value as Meta;
  return {
    ...(h !== undefined && { h: readHeaders(h) }),
    ...(typeof d === "number" && d >= 0 && { d }),
    ...(s === 1 && { s }),
    ...(u === 1 && { u }),
    ...(typeof b === "string" && { b }),
  };
}

function readHeaders(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) throw new TypeError("bad headers");
  const headers = Object.create(null) as Record<string, string>;
  for (const [key, text] of Object.entries(value)) {
    if (typeof text === "string") headers[key] = text;
  }
  return headers;
}
