import { runItem } from "./items.ts";
import { isPatched } from "./kinds.ts";
import type { ItemParcel, Parcel } from "./parcel.ts";
import { Flag, FRAME_KEY, Item, type WireItem } from "./protocol.ts";
import type { Sequence } from "./sequence.ts";
import { isCloned, type Serialization } from "./serialization.ts";
import { LONG, look, type Snapshot } from "./snapshot.ts";

/** A frame takes no further message when it has this many bytes. */
export const MOST_BYTES: number = 2 ** 16;

/** Parcels for a frame, and how many were looked at to find them. */
export interface Choice {
  readonly parcels: readonly Parcel[];
  readonly consumed: number;
  /** What they take, about, in bytes. */
  readonly bytes: number;
}

/**
 * Chooses parcels for a frame, from `start` on and as many as fit (not more than `most`), and has them read. `read` returns
 * whether there is something to send: it settles what there is not.
 */
export function chooseParcels(
  serialization: Serialization,
  parcels: readonly Parcel[],
  start: number,
  most: number,
  read: (parcel: ItemParcel) => boolean,
): Choice {
  const chosen: Parcel[] = [];
  let bytes = 0;
  let index = start;
  let isFull = false;
  for (; index < parcels.length && chosen.length < most && !isFull; index++) {
    const parcel = parcels[index];
    if (!parcel || parcel.abandoned) continue;
    const isAlone = parcel.isFrame || parcel.transfer !== undefined;
    if (isAlone && chosen.length > 0) break;
    if (!parcel.isFrame && !read(parcel)) continue;
    if (chosen.length > 0 && bytes + parcel.size > MOST_BYTES) break;
    bytes += parcel.size;
    chosen.push(parcel);
    isFull = parcel.isFrame || isAlone || standsBeside(serialization, parcel.snapshot);
  }
  // Code of the user's has run, and may have settled what was chosen before.
  const isSettled = chosen.some(isAbandoned);
  const left = isSettled ? chosen.filter((parcel) => !parcel.abandoned) : chosen;
  return { parcels: left, consumed: index - start, bytes };
}

function isAbandoned(parcel: Parcel): boolean {
  return parcel.abandoned;
}

/**
 * Puts parcels that were chosen into the next frame of a sequence.
 *
 * On a `json` channel a frame is `[tag, number, item, ...]`, encoded by the channel. Elsewhere it
 * is `[tag, number, text, payload?]`: plain data goes into one JSON text, several times faster than cloning each;
 * a payload that JSON would change stands beside it and ends the frame, so that no object is shared by two messages.
 */
export function encodeFrame(
  serialization: Serialization,
  sequence: Sequence,
  parcels: readonly Parcel[],
): { readonly frame: object; readonly parcels: readonly Parcel[] } {
  const { tag } = sequence;
  const number = ++sequence.last;
  const [first] = parcels;
  if (first?.isFrame) return { frame: frameOf([tag, number, first.frameText()]), parcels };
  const cloned = isCloned(serialization);
  const items = new Items(serialization, cloned ? [] : [tag, number]);
  /** Where not all of them are. */
  let included: Parcel[] | undefined;
  let beside: { value: unknown } | undefined;
  for (let index = 0; index < parcels.length; index++) {
    const parcel = parcels[index];
    if (!parcel || parcel.isFrame) continue;
    try {
      beside = items.add(parcel);
      included?.push(parcel);
    } catch (error) {
      included ??= parcels.slice(0, index);
      parcel.unencodable(error);
    }
  }
  const { list } = items;
  if (isPatched()) protect(list);
  if (!cloned) return { frame: frameOf(list), parcels: included ?? parcels };
  const text = JSON.stringify(list);
  return {
    frame: frameOf(beside ? [tag, number, text, beside.value] : [tag, number, text]),
    parcels: included ?? parcels,
  };
}

function frameOf(body: unknown[]): object {
  const frame = { [FRAME_KEY]: body };
  if (isPatched()) {
    for (const part of [frame, body]) hideToJSON(part);
  }
  return frame;
}

/** Somebody has taught all objects a `toJSON`: the parts of a frame are not asked for theirs. */
export function protect(part: unknown): void {
  if (typeof part !== "object" || part === null) return;
  hideToJSON(part);
  for (const inner of Object.values(part)) protect(inner);
}

function hideToJSON(part: object): void {
  Object.defineProperty(part, "toJSON", { value: undefined, configurable: true });
}

/** The items of a frame that is being made. */
class Items {
  readonly list: unknown[];
  readonly #serialization: Serialization;
  /** The item at the end, if it is a run that may go on, and what the next in it has to be. */
  #run: WireItem | undefined;
  #head = 0;
  #nextId = 0;
  #namespace: string | undefined;
  #event: string | undefined;

  constructor(serialization: Serialization, list: unknown[]) {
    this.#serialization = serialization;
    this.list = list;
  }

  /** Adds a parcel; returns what has to stand beside the text of the frame. */
  add(parcel: ItemParcel): { value: unknown } | undefined {
    const { plainHead, payload } = parcel;
    // What answers instead of a reply that was refused has not been read yet.
    const snapshot = parcel.snapshot ?? look(this.#serialization, payload);
    if (plainHead !== undefined && snapshot.form === "inline") {
      this.#addToRun(parcel, plainHead, snapshot.value);
      return undefined;
    }
    const item = parcel.item();
    const beside = addPayload(this.#serialization, item, snapshot);
    this.list.push(item);
    this.#run = undefined;
    return beside;
  }

  #addToRun({ id, namespace, event }: ItemParcel, head: number, payload: unknown): void {
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
  snapshot: Snapshot,
): { value: unknown } | undefined {
  const { form, value } = snapshot;
  if (form === "nothing") return undefined;
  if (standsBeside(serialization, snapshot)) {
    const isEncoded = form === "text" || form === "bytes";
    item[0] = (item[0] as number) | Flag.BESIDE | (isEncoded ? Flag.ENCODED : 0);
    return { value };
  }
  if (form === "text") item[0] = (item[0] as number) | Flag.ENCODED;
  item.push(value);
  return undefined;
}

/** Whether a payload stands beside the text of its frame. */
function standsBeside(serialization: Serialization, snapshot: Snapshot | undefined): boolean {
  if (!snapshot || !isCloned(serialization)) return false;
  const { form, value } = snapshot;
  if (form === "text") return (value as string).length > LONG;
  return form !== "inline" && form !== "nothing";
}
