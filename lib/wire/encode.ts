import { types } from "node:util";
import { DefaultDeserializer, DefaultSerializer } from "node:v8";
import type { Serialization } from "../links/link.ts";
import { Flag, FRAME_KEY, Item, type Parcel, type Snapshot, type WireItem } from "./protocol.ts";

/** A frame, how many of the parcels it was made of, and which of them it holds. */
export interface Encoded {
  readonly frame: object;
  readonly consumed: number;
  readonly parcels: readonly Parcel[];
  /** Its size, about. */
  readonly bytes: number;
}

/** Beyond this many characters a text is copied faster than it is escaped. */
const LONG = 2 ** 12;
/** A frame takes no further message when it has this many bytes. */
const MOST_BYTES = 2 ** 16;

/**
 * Puts parcels into a frame, from `start` on and as many as fit (not more than `most`).
 *
 * On a `json` channel a frame is `[number, item, ...]`, encoded by the channel. Elsewhere it
 * is `[number, text, payload?]`: plain data goes into one JSON text, several times faster than cloning each;
 * a payload that JSON would change stands beside it and ends the frame, so that no object is shared by two messages.
 */
export function encodeFrame(
  serialization: Serialization,
  number: number,
  parcels: readonly Parcel[],
  start: number,
  most: number,
): Encoded {
  const cloned = isCloned(serialization);
  const included: Parcel[] = [];
  const items = new Items(serialization, cloned ? [] : [number]);
  let bytes = 0;
  let beside: { value: unknown } | undefined;
  let index = start;
  for (; index < parcels.length && included.length < most && !beside; index++) {
    const parcel = parcels[index];
    if (!parcel || parcel.abandoned) continue;
    const { size } = parcel;
    if (included.length > 0) {
      if (parcel.transfer || parcel.frameText || bytes + size > MOST_BYTES) break;
    }
    bytes += size;
    if (parcel.frameText) {
      const frame = { [FRAME_KEY]: [number, parcel.frameText()] };
      return { frame, consumed: index + 1 - start, parcels: [parcel], bytes };
    }
    try {
      beside = items.add(parcel);
      included.push(parcel);
    } catch (error) {
      parcel.unencodable(error);
    }
    if (parcel.transfer) {
      index++;
      break;
    }
  }
  const { list } = items;
  const body = !cloned
    ? list
    : beside
      ? [number, JSON.stringify(list), beside.value]
      : [number, JSON.stringify(list)];
  return { frame: { [FRAME_KEY]: body }, consumed: index - start, parcels: included, bytes };
}

/** Whether what is sent is cloned, so that a frame's own part had better be one text. */
function isCloned(serialization: Serialization): boolean {
  return serialization === "advanced" || serialization === "clone";
}

/** The items of a frame that is being made. */
class Items {
  readonly list: unknown[];
  readonly #serialization: Serialization;
  readonly #isCloned: boolean;
  /** The item at the end, if it is a run that may go on, and what the next in it has to be. */
  #run: WireItem | undefined;
  #head = 0;
  #nextId = 0;
  #namespace: string | undefined;
  #event: string | undefined;

  constructor(serialization: Serialization, list: unknown[]) {
    this.#serialization = serialization;
    this.#isCloned = isCloned(serialization);
    this.list = list;
  }

  /** Adds a parcel; returns what has to stand beside the text of the frame. */
  add(parcel: Parcel): { value: unknown } | undefined {
    const { plainHead } = parcel;
    if (plainHead !== undefined && this.#isPlain(parcel)) {
      this.#addToRun(parcel, plainHead);
      return undefined;
    }
    const item = parcel.item();
    const beside = addPayload(this.#serialization, item, parcel);
    this.list.push(item);
    this.#run = undefined;
    return beside;
  }

  #isPlain({ payload, snapshot }: Parcel): boolean {
    if (snapshot || payload === undefined) return false;
    return this.#isCloned ? isInline(payload) : !needsOwnEncoding(payload);
  }

  #addToRun({ id = 0, namespace, event, payload }: Parcel, head: number): void {
    const isAck = head === Item.ACK;
    const goesOn =
      this.#run !== undefined &&
      head === this.#head &&
      id === this.#nextId &&
      (isAck || (event === this.#event && namespace === this.#namespace));
    this.#nextId = id + 1;
    if (goesOn) {
      this.#run?.push(payload);
      return;
    }
    this.#head = head;
    this.#namespace = namespace;
    this.#event = event;
    const run = head | Flag.RUN;
    this.#run = isAck ? [run, id, payload] : [run, id, namespace, event, payload];
    this.list.push(this.#run);
  }
}

/** Adds the payload to its item; returns what has to stand beside the text of the frame. */
function addPayload(
  serialization: Serialization,
  item: WireItem,
  parcel: Parcel,
): { value: unknown } | undefined {
  const { payload } = parcel;
  if (payload === undefined) return undefined;
  const cloned = isCloned(serialization);
  let snapshot = parcel.snapshot;
  if (!snapshot && !cloned && needsOwnEncoding(payload)) {
    snapshot = takeSnapshot(serialization, payload);
  }
  if (!snapshot) {
    return place(item, payload, cloned);
  }
  if (snapshot.value !== undefined) return place(item, snapshot.value, cloned);
  if (cloned && snapshot.clone) return placeBeside(item, snapshot.clone.value, 0);
  if (cloned && snapshot.bytes) return placeBeside(item, snapshot.bytes, Flag.ENCODED);
  if (cloned && snapshot.json && snapshot.json.length > LONG) {
    return placeBeside(item, snapshot.json, Flag.ENCODED);
  }
  if (snapshot.json === undefined) throw new TypeError("JSON cannot encode it");
  if (snapshot.json !== "") {
    item[0] = (item[0] as number) | Flag.ENCODED;
    item.push(snapshot.json);
  }
  return undefined;
}

/** Puts a value into the text of the frame, or beside it. */
function place(item: WireItem, value: unknown, cloned: boolean): { value: unknown } | undefined {
  if (cloned && !isInline(value)) return placeBeside(item, value, 0);
  item.push(value);
  return undefined;
}

/** Whether a payload is best told in the text of a frame that is cloned. */
function isInline(payload: unknown): boolean {
  return typeof payload === "string" ? payload.length <= LONG : isTree(payload);
}

function placeBeside(item: WireItem, value: unknown, flag: number): { value: unknown } {
  item[0] = (item[0] as number) | Flag.BESIDE | flag;
  return { value };
}

/** Where JSON would read a value in a list (`null`) otherwise than by itself (nothing). */
function needsOwnEncoding(payload: unknown): boolean {
  if (typeof payload === "function" || typeof payload === "symbol") return true;
  return typeof (payload as { toJSON?: unknown } | null)?.toJSON === "function";
}

/**
 * Encodes a payload ahead of its frame: it is read now, and its size is known.
 * While the serialization is unknown both forms are made, of which the frame takes the right one.
 * Throws what the serialization throws.
 */
export function takeSnapshot(serialization: Serialization, payload: unknown): Snapshot {
  if (payload === undefined) return { json: "", size: 0 };
  // Nobody can change a text.
  if (typeof payload === "string" && payload.length > LONG) {
    return { value: payload, size: payload.length };
  }
  if (typeof payload === "function" || typeof payload === "symbol") {
    throw new TypeError(`a ${typeof payload} cannot be sent`);
  }
  if (isTree(payload) || serialization === "json") {
    const json = JSON.stringify(payload) ?? "";
    return { json, size: Buffer.byteLength(json) };
  }
  if (serialization === "clone") {
    const value = structuredClone(payload);
    return { clone: { value }, size: sizeOf(value) };
  }
  if (serialization === "advanced") {
    const bytes = serialize(payload);
    return { bytes, size: bytes.byteLength };
  }
  const json = attempt(() => JSON.stringify(payload) ?? "");
  const bytes = attempt(() => serialize(payload));
  if (json === undefined && bytes === undefined) serialize(payload);
  return { json, bytes, size: (json?.length ?? 0) + (bytes?.byteLength ?? 0) };
}

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

/** How many containers, and how many values, are looked at before a payload counts as too large to be worth it. */
const MOST_CONTAINERS = 4096;
const MOST_VALUES = 32_768;
/** What is nested deeper might take more stack to look at than to clone. */
const DEEPEST = 256;

/**
 * Whether JSON carries a value without changing it: plain objects and lists, no object twice,
 * no holes, no `undefined`, no `-0` or `NaN`, nothing with a `toJSON`.
 */
export function isTree(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return isExact(value);
  return isFlat(value) || new TreeCheck().passes(value);
}

/** Whether JSON carries a value that is no object. */
function isExact(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  return typeof value === "string" || typeof value === "boolean" || value === null;
}

/** Most payloads are: a plain object with plain values. */
function isFlat(object: object): boolean {
  if (!isPlain(object)) return false;
  for (const key in object) {
    const value = (object as Record<string, unknown>)[key];
    if (typeof value !== "string" && !isExact(value)) return false;
  }
  return true;
}

/** Not a list, and not what only looks plain: to a structured clone it is not. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return !types.isProxy(object) && !types.isArgumentsObject(object);
}

class TreeCheck {
  readonly #seen = new Set<object>();
  #values = 0;
  #depth = 0;

  passes(value: unknown): boolean {
    if (typeof value !== "object" || value === null) return isExact(value);
    if (++this.#depth > DEEPEST) return false;
    const passes = this.#passesObject(value);
    this.#depth--;
    return passes;
  }

  #passesObject(value: object): boolean {
    if (this.#seen.size >= MOST_CONTAINERS || this.#seen.has(value)) return false;
    this.#seen.add(value);
    if (Object.getPrototypeOf(value) === Array.prototype) {
      return this.#passesList(value as unknown[]);
    }
    if (!isPlain(value)) return false;
    for (const key in value) {
      if (++this.#values > MOST_VALUES) return false;
      const own = (value as Record<string, unknown>)[key];
      if (typeof own !== "string" && !this.passes(own)) return false;
    }
    return true;
  }

  #passesList(list: unknown[]): boolean {
    this.#values += list.length;
    if (this.#values > MOST_VALUES) return false;
    // Too many objects, as it seems: not worth to look at the most that may be, and then give up.
    if (list.length > MOST_CONTAINERS && typeof list[0] === "object") return false;
    // A hole reads as undefined, which does not pass; properties beside the elements would be lost.
    for (let index = 0; index < list.length; index++) {
      if (!this.passes(list[index])) return false;
    }
    return Object.keys(list).length === list.length;
  }
}

/** The v8 format as Node's own channels use it: views keep their kind, other host objects are flattened. */
const VIEW = 0;
const FLATTENED = 1;

class ChannelSerializer extends DefaultSerializer {
  _writeHostObject(object: object): void {
    if (ArrayBuffer.isView(object)) {
      this.writeUint32(VIEW);
      (DefaultSerializer.prototype as unknown as HostObjects)._writeHostObject.call(this, object);
    } else {
      this.writeUint32(FLATTENED);
      this.writeValue({ ...object });
    }
  }
}

class ChannelDeserializer extends DefaultDeserializer {
  _readHostObject(): unknown {
    if (this.readUint32() === FLATTENED) return this.readValue();
    return (DefaultDeserializer.prototype as unknown as HostObjects)._readHostObject.call(this);
  }
}

/** Documented by Node, but absent from its types. */
interface HostObjects {
  _writeHostObject(object: object): void;
  _readHostObject(): unknown;
}

function serialize(value: unknown): Uint8Array {
  const serializer = new ChannelSerializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

function decode(encoded: unknown): unknown {
  return typeof encoded === "string" ? JSON.parse(encoded) : deserialize(encoded);
}

function deserialize(bytes: unknown): unknown {
  if (!ArrayBuffer.isView(bytes)) throw new TypeError("an encoded payload is not bytes");
  const deserializer = new ChannelDeserializer(bytes as Uint8Array);
  deserializer.readHeader();
  return deserializer.readValue();
}

function sizeOf(value: unknown): number {
  return attempt(() => serialize(value).byteLength) ?? 1024;
}

function attempt<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}
