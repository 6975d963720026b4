import { isArgumentsObject, isProxy } from "node:util/types";

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
  return !isProxy(object) && !isArgumentsObject(object);
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
