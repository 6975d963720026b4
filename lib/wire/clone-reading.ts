import * as types from "node:util/types";
import { Copies } from "./copies.ts";
import {
  agreesWithJSON,
  copyFields,
  DEEPEST,
  hasSlots,
  isExact,
  isInstance,
  isPatched,
  isPlain,
  isSimpleList,
  isUnnamed,
} from "./kinds.ts";
import { measure, sizeOfPlain } from "./size.ts";
import { bufferOf, isSmallPart, lengthOf, ownBytes } from "./views.ts";

/** What is larger than so many containers, or values, is cloned faster than it is told as JSON. */
const MOST_CONTAINERS = 4096;
const MOST_VALUES = 32_768;
/** Beyond so many characters, each of which may need six, a JSON text may be longer than a text can be. */
const LONGEST = 2 ** 26;

/** For which channel a payload is read. `undecided` is for one that clones, or asks for a `toJSON`. */
type Purpose = "undecided" | "advanced" | "clone";

/**
 * What was read of a payload. Its plain objects and lists are copies: whatever the user's code had to
 * say, in getters, has been heard, once, and the channel says the same of the copy.
 */
interface CloneReading {
  readonly value: unknown;
  /** JSON carries it without a change, and nobody can change it any more. */
  readonly isTree: boolean;
  /** JSON says the same of it as of a clone of it. */
  readonly agrees: boolean;
  /** Bytes, about; `undefined` if only encoding it tells. Nothing in what has a size runs code of the user's. */
  readonly size: number | undefined;
}

/** Reads a payload for a channel that clones. Throws what the user's code throws. */
export function readForClone(payload: unknown, purpose: Purpose): CloneReading {
  if (typeof payload !== "object" || payload === null) return readPlain(payload);
  if (purpose === "undecided" || !isPlain(payload)) return readWhole(payload, purpose);
  // Most payloads are a plain object with plain values: these need no more than this.
  const copy = copyFields(payload);
  let parts: Parts | undefined;
  let isTree = !isPatched();
  let first: string | undefined;
  let size = 2;
  for (const key in copy) {
    const value = copy[key];
    first ??= key;
    size += key.length + 8;
    if (typeof value === "string") {
      size += value.length;
    } else if (typeof value !== "object" || value === null) {
      if (!isExact(value)) {
        isTree = false;
        if (typeof value === "bigint") size += sizeOfPlain(value);
      }
    } else if (Object.hasOwn(copy, key)) {
      parts ??= new Parts(purpose, payload, copy);
      copy[key] = parts.read(copy, key, value);
    }
  }
  if (isUnnamed(first) && hasSlots(payload)) return readWhole(payload, purpose);
  if (parts) return parts.result(copy, size, isTree);
  return { value: copy, isTree: isTree && size <= LONGEST, agrees: true, size };
}

function readPlain(value: unknown): CloneReading {
  const isTree = (typeof value === "string" || isExact(value)) && !isPatched();
  const size = typeof value === "string" ? value.length : sizeOfPlain(value);
  return { value, isTree, agrees: true, size };
}

function readWhole(payload: object, purpose: Purpose): CloneReading {
  const parts = new Parts(purpose);
  // Bytes have a holder also where they are all that is sent.
  const holder: Fields = {};
  holder["value"] = parts.read(holder, "value", payload);
  return parts.result(holder, 0, true, "value");
}

type Fields = Record<PropertyKey, unknown>;

/** Bytes in a copy: a view, or a buffer. */
interface Bytes {
  readonly holder: object;
  readonly key: PropertyKey;
  readonly value: object;
}

/** What stays as it is in a copy, and is read when it is encoded. */
class Left {
  agrees = true;
  isMeasured = true;
  hasOther = false;
  /** What a clone copies whole buffers for. */
  readonly bytes: Bytes[] = [];
}

/** The parts of a payload that are objects. */
class Parts {
  readonly #purpose: Purpose;
  /** A clone keeps it one object where it is referred to twice. */
  readonly #copies = new Copies();
  #isTree = true;
  #size = 0;
  #containers = 0;
  #values = 0;
  #depth = 0;
  #left: Left | undefined;

  /** Of an object that is being copied, if there is one. */
  constructor(purpose: Purpose, root?: object, copy?: object) {
    this.#purpose = purpose;
    if (!root || !copy) return;
    this.#copies.set(root, copy);
    this.#depth = 1;
  }

  /** Reads what will stand in a copy, under that key. */
  read(holder: object, key: PropertyKey, value: object): unknown {
    const copy = this.#copies.get(value);
    if (copy) {
      this.#isTree = false;
      return copy;
    }
    if (++this.#containers > MOST_CONTAINERS) this.#isTree = false;
    if (this.#depth < DEEPEST) {
      if (Array.isArray(value)) {
        if (isSimpleList(value)) return this.#readList(value);
      } else if (isPlain(value) || (this.#purpose === "undecided" && isInstance(value))) {
        return this.#readFields(value);
      }
    }
    if (this.#purpose === "clone" && (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value))) {
      const left = this.#leave(value, 0);
      left.bytes.push({ holder, key, value });
    } else {
      this.#leave(value, measure(value, this.#purpose === "clone" ? "whole" : "written"));
    }
    return value;
  }

  /** All that was read, in a copy with so many bytes of its own: it, or what it has under a key. */
  result(copy: object, size: number, isTree: boolean, key?: string): CloneReading {
    const left = this.#left;
    if (left && left.bytes.length > 0) this.#countBytes(left);
    const all = this.#size + size;
    return {
      value: key === undefined ? copy : (copy as Fields)[key],
      isTree: isTree && this.#isTree && !isPatched() && all <= LONGEST,
      agrees: !left || left.agrees,
      size: left?.isMeasured === false ? undefined : all,
    };
  }

  #readFields(object: object): object {
    const copy = copyFields(object);
    this.#copies.set(object, copy);
    if (this.#purpose === "undecided") this.#keepToJSON(object, copy);
    let first: string | undefined;
    let size = 2;
    this.#depth++;
    for (const key in copy) {
      const value = copy[key];
      first ??= key;
      size += key.length + 8;
      this.#values++;
      if (typeof value === "string") {
        size += value.length;
      } else if (typeof value !== "object" || value === null) {
        if (!isExact(value)) {
          this.#isTree = false;
          if (typeof value === "bigint") size += sizeOfPlain(value);
        }
      } else if (Object.hasOwn(copy, key)) {
        copy[key] = this.read(copy, key, value);
      }
    }
    this.#depth--;
    this.#size += size;
    if (this.#values > MOST_VALUES) this.#isTree = false;
    if (!isUnnamed(first) || !hasSlots(object)) return copy;
    this.#copies.delete(object);
    this.#leave(object, measure(object, this.#purpose === "clone" ? "own" : "written"));
    return object;
  }

  #readList(list: readonly unknown[]): object {
    const copy = list.slice();
    this.#copies.set(list, copy);
    if (this.#purpose === "undecided") this.#keepToJSON(list, copy);
    let size = 2;
    this.#depth++;
    this.#values += copy.length;
    for (let index = 0; index < copy.length; index++) {
      const value = copy[index];
      size += 8;
      if (typeof value === "string") {
        size += value.length;
      } else if (typeof value !== "object" || value === null) {
        if (!isExact(value)) {
          this.#isTree = false;
          if (typeof value === "bigint") size += sizeOfPlain(value);
        }
      } else {
        copy[index] = this.read(copy, index, value);
      }
    }
    this.#depth--;
    this.#size += size;
    if (this.#values > MOST_VALUES) this.#isTree = false;
    return copy;
  }

  /** A clone does not look at it but as at any field, JSON does: what was read as a field is not asked for again. */
  #keepToJSON(object: object, copy: object): void {
    const { toJSON } = (Object.hasOwn(copy, "toJSON") ? copy : object) as { toJSON?: unknown };
    if (typeof toJSON !== "function") return;
    this.#isTree = false;
    this.#left ??= new Left();
    this.#left.agrees = false;
    const value = (key: string) => toJSON.call(object, key) as unknown;
    Object.defineProperty(copy, "toJSON", { value, configurable: true });
  }

  /** It stays as it is, and takes so many bytes. */
  #leave(object: object, size: number | undefined): Left {
    this.#isTree = false;
    this.#left ??= new Left();
    const left = this.#left;
    if (!ArrayBuffer.isView(object)) left.hasOther = true;
    if (left.agrees) left.agrees = agreesWithJSON(object);
    if (size === undefined) left.isMeasured = false;
    else this.#size += size;
    return left;
  }

  /** A buffer is cloned once, and whole, unless a small view is all that is told of it: that is cloned without the rest. */
  #countBytes({ bytes, hasOther }: Left): void {
    const uses = new Map<ArrayBufferLike, number>();
    for (const { value } of bytes) {
      const buffer = ArrayBuffer.isView(value) ? bufferOf(value) : (value as ArrayBufferLike);
      uses.set(buffer, (uses.get(buffer) ?? 0) + 1);
    }
    for (const { holder, key, value } of bytes) {
      if (!ArrayBuffer.isView(value) || hasOther || !isSmallPart(value)) continue;
      if (uses.get(bufferOf(value)) !== 1) continue;
      uses.delete(bufferOf(value));
      this.#size += lengthOf(value);
      (holder as Fields)[key] = ownBytes(value);
    }
    for (const buffer of uses.keys()) {
      if (!types.isSharedArrayBuffer(buffer)) this.#size += buffer.byteLength;
    }
  }
}
