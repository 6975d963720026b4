import { type Asked, MOST_REPEATED, type Place, readPart } from "./json-reading.ts";
import { copyFields, DEEPEST, isPatched, isRawJSON, PLAIN_TAG, tag } from "./kinds.ts";

type Fields = Record<PropertyKey, unknown>;

/** What was read for JSON: nothing of the user's runs when it is written. */
export interface Tree {
  copy: object | undefined;
  /** Bytes, about; `NaN` if only encoding it tells. */
  size: number;
  /** What was asked of a payload that is none; it is not asked again. */
  asked: Asked | undefined;
}

/**
 * Reads a payload that JSON tells by its fields or elements, as it does with most, into `tree`. Returns `false` for any
 * other, and of those only `toJSON` was asked for.
 */
export function readTree(payload: object, tree: Tree): boolean {
  tree.asked = undefined;
  if (isPatched()) return false;
  if (Array.isArray(payload)) return readListTree(payload, tree);
  if (!looksPlain(payload)) return false;
  const { toJSON } = payload as Fields;
  if (typeof toJSON === "function") {
    tree.asked = { toJSON };
    return false;
  }
  const copy = copyFields(payload);
  let nested: Nested | undefined;
  let size = 2;
  let first: string | undefined;
  for (const key in copy) {
    const value = copy[key];
    first ??= key;
    size += key.length + 8;
    if (typeof value === "string") {
      size += value.length;
    } else if (isToBeRead(value)) {
      if (!Object.hasOwn(copy, key)) continue;
      nested ??= new Nested(1);
      copy[key] = nested.read(value, key);
    }
  }
  if (first === "rawJSON" && isRawJSON(payload)) return false;
  tree.copy = copy;
  tree.size = nested ? size + nested.size : size;
  return true;
}

function readListTree(payload: readonly unknown[], tree: Tree): boolean {
  const { toJSON } = payload as unknown as Fields;
  if (typeof toJSON === "function" || payload.length > MOST_REPEATED) {
    tree.asked = { toJSON };
    return false;
  }
  const nested = new Nested(0);
  tree.copy = nested.readList(payload);
  tree.size = nested.size;
  return true;
}

/** What has fields, or may have a `toJSON`. */
function isToBeRead(value: unknown): value is object | bigint {
  if (typeof value === "object") return value !== null;
  return typeof value === "bigint" || typeof value === "function";
}

/** Whether JSON tells of it by its fields, unless it has a `toJSON`. A Proxy that does not say what it is may still tell JSON. */
function looksPlain(object: object): boolean {
  try {
    return tag.call(object) === PLAIN_TAG;
  } catch {
    return false;
  }
}

/** Reads what is in a payload; what is neither a list nor told by its fields is left to a reader that knows all kinds. */
class Nested implements Place {
  size = 0;
  depth: number;
  values = 0;

  constructor(depth: number) {
    this.depth = depth;
  }

  read(value: object | bigint, key: PropertyKey): unknown {
    if (typeof value !== "object" || this.depth >= DEEPEST || this.values > MOST_REPEATED) {
      return this.#readOther(value, key);
    }
    if (!Array.isArray(value) && !looksPlain(value)) return this.#readOther(value, key);
    const { toJSON } = value as Fields;
    if (typeof toJSON === "function") return this.#readOther(value, key, { toJSON });
    if (!Array.isArray(value)) return this.#readFields(value, key);
    // What is very long may be nothing but holes.
    if (value.length > MOST_REPEATED) return this.#readOther(value, key, { toJSON });
    return this.readList(value);
  }

  #readFields(object: object, name: PropertyKey): unknown {
    const copy = copyFields(object);
    let size = 2;
    let first: string | undefined;
    this.depth++;
    for (const key in copy) {
      const value = copy[key];
      first ??= key;
      size += key.length + 8;
      this.values++;
      if (typeof value === "string") {
        size += value.length;
      } else if (isToBeRead(value)) {
        if (Object.hasOwn(copy, key)) copy[key] = this.read(value, key);
      }
    }
    this.depth--;
    if (first === "rawJSON" && isRawJSON(object)) return this.#readOther(object, name);
    this.size += size;
    return copy;
  }

  /** Element by element, as JSON does: also a Proxy of a list is read so. */
  readList(list: readonly unknown[]): unknown[] {
    const { length } = list;
    const copy: unknown[] = [];
    let size = 2;
    this.depth++;
    this.values += length;
    for (let index = 0; index < length; index++) {
      let value = list[index];
      size += 8;
      if (typeof value === "string") {
        size += value.length;
      } else if (isToBeRead(value)) {
        value = this.read(value, index);
      }
      copy.push(value);
    }
    this.depth--;
    this.size += size;
    return copy;
  }

  #readOther(value: object | bigint, key: PropertyKey, asked?: Asked): unknown {
    const part = readPart(value, key, this, asked);
    this.size += part.size ?? Number.NaN;
    return part.value;
  }
}
