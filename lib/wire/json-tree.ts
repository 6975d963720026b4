import { copyFields, isPatched, isRawJSON, PLAIN_TAG, tag } from "./kinds.ts";
import { DEEPEST, MOST_REPEATED, type Place, readPart } from "./reading.ts";

type Fields = Record<PropertyKey, unknown>;

/** What was read for JSON: nothing of the user's runs when it is written. */
export interface Tree {
  copy: object | undefined;
  /** Bytes, about; `NaN` if only encoding it tells. */
  size: number;
}

/**
 * Reads a payload that JSON tells by its fields or elements, as it does with most, into `tree`. Returns nothing for any
 * other, and for those only `toJSON` was asked for.
 */
export function readTree(payload: object, tree: Tree): boolean {
  if (isPatched()) return false;
  if (Array.isArray(payload)) return readListTree(payload, tree);
  if (!isTold(payload)) return false;
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
    } else if ((typeof value === "object" && value !== null) || typeof value === "bigint") {
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
  if (!isList(payload)) return false;
  const nested = new Nested(0);
  tree.copy = nested.readList(payload);
  tree.size = nested.size;
  return true;
}

/** Whether JSON tells of it by its fields. A Proxy that does not say what it is may still tell JSON. */
function isTold(object: object): boolean {
  try {
    if (tag.call(object) !== PLAIN_TAG) return false;
  } catch {
    return false;
  }
  return typeof (object as Fields)["toJSON"] !== "function";
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
    if (typeof value === "bigint" || this.depth >= DEEPEST || this.values > MOST_REPEATED) {
      return this.#readOther(value, key);
    }
    if (Array.isArray(value)) {
      return isList(value) ? this.readList(value) : this.#readOther(value, key);
    }
    return isTold(value) ? this.#readFields(value, key) : this.#readOther(value, key);
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
      } else if ((typeof value === "object" && value !== null) || typeof value === "bigint") {
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
      } else if ((typeof value === "object" && value !== null) || typeof value === "bigint") {
        value = this.read(value, index);
      }
      copy.push(value);
    }
    this.depth--;
    this.size += size;
    return copy;
  }

  #readOther(value: object | bigint, key: PropertyKey): unknown {
    const part = readPart(value, key, this);
    this.size += part.size ?? Number.NaN;
    return part.value;
  }
}

/** A list that does not want to be something else. What is very long may be nothing but holes. */
function isList(list: readonly unknown[]): boolean {
  return (
    typeof (list as { toJSON?: unknown }).toJSON !== "function" && list.length <= MOST_REPEATED
  );
}
