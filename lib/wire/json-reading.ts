import * as types from "node:util/types";
import { copyFields, DEEPEST, isFields, isPatched } from "./kinds.ts";
import { lengthOf, ownBytes } from "./views.ts";

/** JSON repeats what is referred to often: reading ends where it would write so many values. */
export const MOST_REPEATED: number = 2 ** 20;

/** An object was asked for its `toJSON`. */
export interface Asked {
  readonly toJSON: unknown;
}

/** How much of a payload has been read, and where in it a part is. */
export interface Place {
  readonly depth: number;
  values: number;
}

/**
 * What was read of a payload. Whatever the user's code had to say, in getters or `toJSON`, has been heard, once, and JSON says
 * the same of this.
 */
interface JSONReading {
  readonly value: unknown;
  /** Bytes, about; `undefined` if only writing it tells. */
  readonly size: number | undefined;
}

/** Reads a payload for a frame that is written now. Throws what the user's code throws. */
export function readForJSON(payload: unknown, asked?: Asked): JSONReading {
  return resultOf(new JSONReader(false), payload, "", asked);
}

/** Reads a payload that waits for a channel which may turn out to carry JSON: nothing is left as it is, but bytes stay bytes. */
export function holdForJSON(payload: unknown): JSONReading {
  return resultOf(new JSONReader(true), payload, "");
}

/** Reads a part of a payload. */
export function readPart(
  part: object | bigint,
  name: PropertyKey,
  place: Place,
  asked: Asked | undefined,
): JSONReading {
  const reader = new JSONReader(false, place);
  const reading = resultOf(reader, part, name, asked);
  place.values = reader.values;
  return reading;
}

function resultOf(
  reader: JSONReader,
  payload: unknown,
  name: PropertyKey,
  asked?: Asked,
): JSONReading {
  const value = reader.read(payload, name, asked);
  return { value, size: reader.isMeasured ? reader.size : undefined };
}

class JSONReader {
  size = 0;
  isMeasured = true;
  values: number;
  #depth: number;
  readonly #isHeld: boolean;

  constructor(isHeld: boolean, place?: Place) {
    this.#isHeld = isHeld;
    this.values = place?.values ?? 0;
    this.#depth = place?.depth ?? 0;
  }

  read(value: unknown, name: PropertyKey, asked: Asked | undefined): unknown {
    if (typeof value !== "object" || value === null) return this.#readPlain(value, name);
    return asked ? this.#answered(value, name, asked.toJSON) : this.#readObject(value, name);
  }

  #readPlain(value: unknown, name: PropertyKey): unknown {
    this.size += typeof value === "string" ? value.length + 2 : 8;
    const isUntold = typeof value === "bigint" || typeof value === "function";
    return isUntold ? this.#readUntold(value, name) : value;
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

  /** JSON asks an object first what it wants to be instead; all but a few are then told by their fields. */
  #readObject(object: object, name: PropertyKey): unknown {
    if (this.#depth >= DEEPEST || this.values > MOST_REPEATED || types.isProxy(object)) {
      return this.#leave(object, false);
    }
    return this.#answered(object, name, (object as { toJSON?: unknown }).toJSON);
  }

  /** It was asked, and is not asked again. */
  #answered(object: object, name: PropertyKey, toJSON: unknown): unknown {
    if (typeof toJSON !== "function") return this.#readParts(object);
    // Its list of numbers is made when it is written.
    if (toJSON === Buffer.prototype.toJSON && Buffer.isBuffer(object)) {
      return this.#leave(object, false);
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
    if (types.isProxy(value) || isPatched()) return this.#leave(value, true);
    return this.#readParts(value);
  }

  #readParts(object: object): unknown {
    if (Array.isArray(object)) {
      const isList = Object.getPrototypeOf(object) === Array.prototype;
      return isList ? this.#readList(object) : this.#leave(object, true);
    }
    return isFields(object) ? this.#readFields(object) : this.#leave(object, true);
  }

  #readFields(object: object): unknown {
    const copy = copyFields(object);
    this.#depth++;
    this.size += 2;
    for (const key in copy) {
      const value = copy[key];
      this.size += key.length + 4;
      this.values++;
      if (typeof value !== "object" || value === null) {
        const plain = this.#readPlain(value, key);
        if (plain !== value) copy[key] = plain;
      } else if (Object.hasOwn(copy, key)) {
        copy[key] = this.#readObject(value, key);
      }
    }
    this.#depth--;
    return copy;
  }

  #readList(list: readonly unknown[]): unknown {
    const copy = list.slice();
    this.#depth++;
    this.size += 2;
    this.values += copy.length;
    for (let index = 0; index < copy.length; index++) {
      const value = copy[index];
      this.size++;
      if (typeof value === "object" && value !== null) {
        copy[index] = this.#readObject(value, index);
      } else {
        const plain = this.#readPlain(value, index);
        if (plain !== value) copy[index] = plain;
      }
    }
    this.#depth--;
    return copy;
  }

  /**
   * It stays as it is; where it has to wait, what JSON makes of it, but for bytes: those would take much more.
   * What was asked for its `toJSON` is not asked again.
   */
  #leave(object: object, isAsked: boolean): unknown {
    const left = isAsked ? { toJSON: () => object } : object;
    if (!this.#isHeld) {
      this.isMeasured = false;
      return left;
    }
    // One whose buffer was transferred has none to copy, and is no bytes to JSON.
    if (types.isTypedArray(object) && lengthOf(object) > 0) {
      this.size += lengthOf(object);
      return ownBytes(object);
    }
    const text = JSON.stringify(left);
    if (text === undefined) return undefined;
    this.size += text.length;
    return JSON.parse(text) as unknown;
  }
}
