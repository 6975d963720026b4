import { runItem } from "./items.ts";
import type { ItemParcel, Parcel } from "./parcel.ts";
import { Flag, FRAME_KEY, Item, type WireItem } from "./protocol.ts";
import { isCloned, type Serialization } from "./serialization.ts";
import { LONG, takeSnapshot } from "./snapshot.ts";
import { isTree } from "./tree.ts";

/** A frame, how many of the parcels it was made of, and which of them it holds. */
export interface Encoded {
  readonly frame: object;
  readonly consumed: number;
  readonly parcels: readonly Parcel[];
  /** Its size, about. */
  readonly bytes: number;
}

/** A frame takes no further message when it has this many bytes. */
export const MOST_BYTES: number = 2 ** 16;

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
      if (parcel.isFrame || parcel.transfer || bytes + size > MOST_BYTES) break;
    }
    bytes += size;
    if (parcel.isFrame) {
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
  add(parcel: ItemParcel): { value: unknown } | undefined {
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

  #isPlain({ payload, snapshot }: ItemParcel): boolean {
    if (snapshot || payload === undefined) return false;
    return this.#isCloned ? isInline(payload) : !needsOwnEncoding(payload);
  }

  #addToRun({ id, namespace, event, payload }: ItemParcel, head: number): void {
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
    this.#run = runItem(head, id, namespace, event, payload);
    this.list.push(this.#run);
  }
}

/** Adds the payload to its item; returns what has to stand beside the text of the frame. */
function addPayload(
  serialization: Serialization,
  item: WireItem,
  parcel: ItemParcel,
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
