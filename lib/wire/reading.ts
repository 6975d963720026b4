import * as types from "node:util/types";
import {
  agreesWithJSON,
  copyFields,
  hasSlots,
  isExact,
  isFields,
  isInstance,
  isPatched,
  isPlain,
  isSimpleList,
  isUnnamed,
} from "./kinds.ts";
import { measure } from "./size.ts";
import { bufferOf, isSmallPart, lengthOf, ownBytes } from "./views.ts";

/** What is larger than so many containers, or values, is cloned faster than it is told as JSON. */
const MOST_CONTAINERS = 4096;
const MOST_VALUES = 32_768;
/** Beyond so many characters, each of which may need six, a JSON text may be longer than a text can be. */
const LONGEST = 2 ** 26;
/** What is nested deeper might take more stack to read than to encode. */
export const DEEPEST: number = 256;
/** JSON repeats what is referred to often: reading ends where it would write so many values. */
export const MOST_REPEATED: number = 2 ** 20;

/**
 * For which channel a payload is read. `undecided` is for one that clones, or asks for a `toJSON`; `held json` is for one
 * that may turn out to carry JSON: nothing is left as it is, but bytes stay bytes.
 */
type Purpose = "json" | "held json" | "undecided" | "advanced" | "clone";

/**
 * What was read of a payload. Its plain objects and lists are copies: whatever the user's code had to
 * say, in getters or `toJSON`, has been heard, once, and the channel says the same of the copy.
 */
export interface Reading {
  readonly value: unknown;
  /** JSON carries it without a change. */
  readonly isTree: boolean;
  /** Nobody can change it any more. */
  readonly isStill: boolean;
  /** JSON says the same of it as of a clone of it. */
  readonly agrees: boolean;
  /** Bytes, about; `undefined` if only encoding it tells. Nothing in what has a size runs code of the user's. */
  readonly size: number | undefined;
}

/**
 * Reads a payload for a channel that clones, if it is a plain object with plain values, as most are: a copy of it, and its
 * size. Returns nothing for any other, of which a part may have been read then: `copy` is what has been.
 */
export function readFlat(payload: object, flat: Flat): boolean {
  flat.copy = undefined;
  if (isPatched() || !isPlain(payload)) return false;
  const copy = copyFields(payload);
  flat.copy = copy;
  let size = 2;
  let first: string | undefined;
  for (const key in copy) {
    const value = copy[key];
    first ??= key;
    size += key.length + 8;
    if (typeof value === "string") size += value.length;
    else if (!isExact(value)) return false;
  }
  if (isUnnamed(first) && hasSlots(payload)) return false;
  flat.size = size;
  return true;
}

/** What `readFlat` has read; one is enough for all, as it runs to its end at once. */
export interface Flat {
  copy: object | undefined;
  size: number;
}

/** An object was asked for its `toJSON`. */
export interface Asked {
  readonly toJSON: unknown;
}

/** Reads a payload, of which `copy` is what has been read already. Throws what the user's code throws. */
export function read(payload: unknown, purpose: Purpose, copy?: object, asked?: Asked): Reading {
  return readAt(payload, purpose, copy, "", undefined, asked);
}

/** How much of a payload has been read, and where in it a part is. */
export interface Place {
  readonly depth: number;
  values: number;
}

/** Reads a part of a payload for JSON. */
export function readPart(
  part: object | bigint,
  name: PropertyKey,
  place: Place,
  asked: Asked | undefined,
): Reading {
  return readAt(part, "json", undefined, name, place, asked);
}

function readAt(
  payload: unknown,
  purpose: Purpose,
  copy: object | undefined,
  name: PropertyKey,
  place: Place | undefined,
  asked: Asked | undefined,
): Reading {
  const reader = new Reader(purpose, copy, place);
  const value = reader.read(payload, name, asked);
  const { isStill, agrees, isMeasured } = reader;
  if (place) place.values = reader.values;
  const isTree = reader.isTree && reader.size <= LONGEST;
  return { value, isTree, isStill, agrees, size: isMeasured ? reader.size : undefined };
}

type Fields = Record<PropertyKey, unknown>;

/** Bytes in a copy: a view, or a buffer. */
interface Bytes {
  readonly holder: object | undefined;
  readonly key: PropertyKey;
  readonly value: object;
}

class Reader {
  size = 0;
  isTree: boolean;
  isStill = true;
  isMeasured = true;
  agrees = true;
  readonly #purpose: Purpose;
  readonly #isForJSON: boolean;
  /** The copy of the outermost object, if there is one already. */
  #first: Fields | undefined;
  /** What was copied; a clone keeps it one object where it is referred to twice. */
  #copies: Copies | undefined;
  /** What a clone copies whole buffers for. */
  #bytes: Bytes[] | undefined;
  #hasLeft = false;
  #containers = 0;
  values: number;
  #depth: number;

  constructor(purpose: Purpose, first: object | undefined, place: Place | undefined) {
    this.#purpose = purpose;
    this.#isForJSON = purpose === "json" || purpose === "held json";
    this.#first = first as Fields | undefined;
    this.isTree = !isPatched();
    this.values = place?.values ?? 0;
    this.#depth = place?.depth ?? 0;
  }

  read(value: unknown, name: PropertyKey, asked: Asked | undefined): unknown {
    if (typeof value !== "object" || value === null) return this.#readPlain(value, name);
    if (asked) return this.#answered(value, name, asked.toJSON);
    const copy = this.#readIn(undefined, name, value);
    if (!this.#bytes) return copy;
    // Bytes have a holder also where they are all that is sent.
    const [first] = this.#bytes;
    const holder: Fields = { value: copy };
    if (first && !first.holder) this.#bytes = [{ ...first, holder, key: "value" }];
    this.#countBytes(this.#bytes);
    return holder["value"];
  }

  #readPlain(value: unknown, name: PropertyKey): unknown {
    switch (typeof value) {
      case "string":
        this.size += value.length + 2;
        return value;
      case "number":
        this.size += 8;
        if (!isExact(value)) this.isTree = false;
        return value;
      case "bigint":
        this.isTree = false;
        return this.#isForJSON ? this.#readUntold(value, name) : value;
      case "boolean":
      case "object":
        this.size += 5;
        return value;
      case "function":
        this.size += 5;
        this.isTree = false;
        return this.#isForJSON ? this.#readUntold(value, name) : value;
      case "symbol":
      case "undefined":
        this.size += 5;
        this.isTree = false;
        return value;
    }
  }

  /** JSON leaves a function out, and takes no bigint, unless somebody has taught them a `toJSON`. */
  #readUntold(value: object | bigint, name: PropertyKey): unknown {
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === "function") {
      return this.#replaced(toJSON.call(value, String(name)) as unknown);
    }
    // In a copy a function might be taken for its `toJSON`.
    return typeof value === "bigint" ? JSON.stringify(value) : undefined;
  }

  /** Reads what will stand in a copy, under that key. */
  #readIn(holder: object | undefined, key: PropertyKey, value: object): unknown {
    if (this.#isForJSON) return this.#readForJSON(value, key);
    const copy = this.#copies?.get(value);
    if (copy) {
      this.isTree = false;
      return copy;
    }
    if (++this.#containers > MOST_CONTAINERS) this.isTree = false;
    if (this.#depth < DEEPEST) {
      if (Array.isArray(value)) {
        if (isSimpleList(value)) return this.#copyList(value);
      } else if (isPlain(value) || (this.#purpose === "undecided" && isInstance(value))) {
        return this.#copyFields(value);
      }
    }
    if (this.#purpose === "clone" && (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value))) {
      this.#bytes ??= [];
      this.#bytes.push({ holder, key, value });
      return this.#leave(value, 0);
    }
    return this.#leave(value, measure(value, this.#purpose === "clone" ? "whole" : "own"));
  }

  /** JSON asks an object first what it wants to be instead; all but a few are then told by their fields. */
  #readForJSON(object: object, name: PropertyKey): unknown {
    if (this.#depth >= DEEPEST || this.values > MOST_REPEATED || types.isProxy(object)) {
      return this.#leaveToJSON(object, false);
    }
    return this.#answered(object, name, (object as { toJSON?: unknown }).toJSON);
  }

  /** It was asked, and is not asked again. */
  #answered(object: object, name: PropertyKey, toJSON: unknown): unknown {
    if (typeof toJSON !== "function") return this.#readFieldsForJSON(object);
    // Its list of numbers is made when it is written.
    if (toJSON === Buffer.prototype.toJSON && Buffer.isBuffer(object)) {
      return this.#leaveToJSON(object, false);
    }
    return this.#replaced(toJSON.call(object, String(name)) as unknown);
  }

  /** What `toJSON` gave is not asked again, the parts of it are. */
  #replaced(value: unknown): unknown {
    // JSON leaves the one out, and refuses the other.
    if (typeof value === "function" || typeof value === "bigint") {
      return JSON.stringify({ toJSON: () => value });
    }
    if (typeof value !== "object" || value === null) return this.#readPlain(value, "");
    // What all objects were taught, a copy would be asked for once more.
    if (types.isProxy(value) || isPatched()) return this.#leaveToJSON(value, true);
    return this.#readFieldsForJSON(value);
  }

  #readFieldsForJSON(object: object): unknown {
    if (Array.isArray(object)) {
      const isList = Object.getPrototypeOf(object) === Array.prototype;
      return isList ? this.#copyList(object) : this.#leaveToJSON(object, true);
    }
    return isFields(object) ? this.#copyFields(object) : this.#leaveToJSON(object, true);
  }

  #copyFields(object: object): unknown {
    const copy: Fields = this.#first ?? copyFields(object);
    this.#first = undefined;
    if (this.#purpose === "undecided") this.#keepToJSON(object, copy);
    let first: string | undefined;
    let isRemembered = false;
    this.#depth++;
    this.size += 2;
    for (const key in copy) {
      const value = copy[key];
      first ??= key;
      this.size += key.length + 4;
      this.values++;
      if (typeof value === "string") {
        this.size += value.length;
      } else if (typeof value !== "object" || value === null) {
        const plain = this.#readPlain(value, key);
        if (plain !== value) copy[key] = plain;
      } else if (Object.hasOwn(copy, key)) {
        if (!isRemembered) this.#remember(object, copy);
        isRemembered = true;
        copy[key] = this.#readIn(copy, key, value);
      }
    }
    this.#depth--;
    if (this.values > MOST_VALUES) this.isTree = false;
    if (this.#isForJSON) return copy;
    if (isUnnamed(first) && hasSlots(object)) {
      this.#copies?.delete(object);
      return this.#leave(object, measure(object));
    }
    if (!isRemembered && this.#depth > 0) this.#remember(object, copy);
    return copy;
  }

  #copyList(list: readonly unknown[]): unknown {
    const copy = list.slice();
    if (this.#purpose === "undecided") this.#keepToJSON(list, copy);
    this.#depth++;
    this.size += 2;
    this.values += copy.length;
    this.#remember(list, copy);
    for (let index = 0; index < copy.length; index++) {
      const value = copy[index];
      this.size++;
      if (typeof value === "object" && value !== null) {
        copy[index] = this.#readIn(copy, index, value);
      } else {
        const plain = this.#readPlain(value, index);
        if (plain !== value) copy[index] = plain;
      }
    }
    this.#depth--;
    if (this.values > MOST_VALUES) this.isTree = false;
    return copy;
  }

  /** A clone does not look at it but as at any field, JSON does: what was read as a field is not asked for again. */
  #keepToJSON(object: object, copy: object): void {
    const { toJSON } = (Object.hasOwn(copy, "toJSON") ? copy : object) as { toJSON?: unknown };
    if (typeof toJSON !== "function") return;
    this.isTree = false;
    this.agrees = false;
    const value = (key: string) => toJSON.call(object, key) as unknown;
    Object.defineProperty(copy, "toJSON", { value, configurable: true });
  }

  #remember(object: object, copy: object): void {
    if (this.#isForJSON) return;
    this.#copies ??= new Copies();
    this.#copies.set(object, copy);
  }

  /** It stays as it is, and is read when it is encoded. */
  #leave(object: object, size: number | undefined): unknown {
    this.isTree = false;
    this.isStill = false;
    if (!ArrayBuffer.isView(object)) this.#hasLeft = true;
    if (this.agrees) this.agrees = agreesWithJSON(object);
    if (size === undefined) this.isMeasured = false;
    else this.size += size;
    return object;
  }

  /**
   * The same for JSON; where it has to wait, what JSON makes of it, but for bytes: those would take much more.
   * What was asked for its `toJSON` is not asked again.
   */
  #leaveToJSON(object: object, isAsked: boolean): unknown {
    const left = isAsked ? { toJSON: () => object } : object;
    if (this.#purpose === "json") return this.#leave(left, undefined);
    if (ArrayBuffer.isView(object) && (types.isTypedArray(object) || Buffer.isBuffer(object))) {
      this.size += lengthOf(object);
      return ownBytes(object);
    }
    const text = JSON.stringify(left);
    if (text === undefined) return undefined;
    this.size += text.length;
    return JSON.parse(text) as unknown;
  }

  /** A buffer is cloned once, and whole, unless a small view is all that is told of it: that is cloned without the rest. */
  #countBytes(all: readonly Bytes[]): void {
    const uses = new Map<ArrayBufferLike, number>();
    for (const { value } of all) {
      const buffer = ArrayBuffer.isView(value) ? bufferOf(value) : (value as ArrayBufferLike);
      uses.set(buffer, (uses.get(buffer) ?? 0) + 1);
    }
    for (const { holder, key, value } of all) {
      if (!ArrayBuffer.isView(value) || this.#hasLeft || !isSmallPart(value)) continue;
      if (uses.get(bufferOf(value)) !== 1) continue;
      uses.delete(bufferOf(value));
      this.size += lengthOf(value);
      (holder as Fields)[key] = ownBytes(value);
    }
    for (const buffer of uses.keys()) {
      if (!types.isSharedArrayBuffer(buffer)) this.size += buffer.byteLength;
    }
  }
}

/** So many are found faster in a list. */
const FEW = 12;

/** Which copy stands for which object. */
class Copies {
  readonly #objects: object[] = [];
  readonly #copies: object[] = [];
  #map: Map<object, object> | undefined;

  get(object: object): object | undefined {
    if (this.#map) return this.#map.get(object);
    const place = this.#objects.indexOf(object);
    return place < 0 ? undefined : this.#copies[place];
  }

  set(object: object, copy: object): void {
    if (this.#map) {
      this.#map.set(object, copy);
      return;
    }
    this.#objects.push(object);
    this.#copies.push(copy);
    if (this.#objects.length < FEW) return;
    this.#map = new Map(this.#objects.map((each, place) => [each, this.#copies[place] as object]));
  }

  delete(object: object): void {
    this.#map?.delete(object);
    const place = this.#objects.indexOf(object);
    if (place < 0) return;
    this.#objects.splice(place, 1);
    this.#copies.splice(place, 1);
  }
}
