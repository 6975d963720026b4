// What values are to a channel that clones them, and to one that carries JSON.

import * as types from "node:util/types";
import { VIEWS } from "./views.ts";

/** What is nested deeper might take more stack to read than to encode. */
export const DEEPEST: number = 256;

/** What says of itself that it is an object, and nothing else. */
export const PLAIN_TAG = "[object Object]";
export const tag: () => string = Object.prototype.toString;

/** It inherits what all objects do. */
const LISTS = Array.prototype as { toJSON?: unknown };

/** Whether somebody has taught all lists or objects a `toJSON`: then JSON stands in for nothing. */
export function isPatched(): boolean {
  return LISTS.toJSON !== undefined;
}

/** Whether JSON carries a value that is no object and no text. */
export function isExact(value: unknown): boolean {
  if (typeof value === "number") return value === 0 ? 1 / value > 0 : Number.isFinite(value);
  return typeof value === "boolean" || value === null;
}

type Fields = Record<PropertyKey, unknown>;

/** Whether something of an object is under symbols. */
function hasSymbols(object: object): boolean {
  return Object.getOwnPropertySymbols(object).length > 0;
}

/** A copy of what an object has, but for what is under symbols, which no channel reads. */
function namedFieldsOf(object: object): Fields {
  const copy: Fields = {};
  for (const key of Object.keys(object)) {
    // What was read before it may have removed it.
    if (!Object.hasOwn(object, key)) continue;
    const value = (object as Fields)[key];
    Object.defineProperty(copy, key, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return copy;
}

/** A copy of what an object has. Getters are read; what throws under a symbol is no reason to read nothing. */
export function copyFields(object: object): Fields {
  try {
    return { ...object };
  } catch (error) {
    if (!hasSymbols(object)) throw error;
    return namedFieldsOf(object);
  }
}

/** A plain object, and not what only looks plain: to a structured clone it is not. */
export function isPlain(object: object): boolean {
  if (types.isProxy(object)) return false;
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return tag.call(object) === PLAIN_TAG;
}

/** An object of whatever class, of which a clone tells the fields as of a plain one. */
export function isInstance(object: object): boolean {
  return !types.isProxy(object) && tag.call(object) === PLAIN_TAG && !hasSlots(object);
}

/** What JSON tells of by its fields. */
export function isFields(object: object): boolean {
  return tag.call(object) === PLAIN_TAG && !isRawJSON(object);
}

/** A list that is nothing but its elements, and has them all. */
export function isSimpleList(list: readonly unknown[]): boolean {
  if (types.isProxy(list) || Object.getPrototypeOf(list) !== Array.prototype) return false;
  return Object.keys(list).length === list.length;
}

/** Whether an object has no fields, or such as lists of bytes have: it may be something else in disguise. */
export function isUnnamed(first: string | undefined): boolean {
  return first === undefined || (first >= "0" && first < ":");
}

/** Whether it is something else that was given the prototype of an object. */
export function hasSlots(object: object): boolean {
  return (
    ArrayBuffer.isView(object) ||
    types.isAnyArrayBuffer(object) ||
    types.isMap(object) ||
    types.isSet(object) ||
    types.isWeakMap(object) ||
    types.isWeakSet(object) ||
    types.isPromise(object) ||
    types.isBoxedPrimitive(object) ||
    types.isGeneratorObject(object) ||
    types.isMapIterator(object) ||
    types.isSetIterator(object) ||
    types.isExternal(object) ||
    types.isModuleNamespaceObject(object) ||
    isRawJSON(object)
  );
}

/** A text that `JSON.stringify` takes as it is, on a Node that has such. */
export function isRawJSON(object: object): boolean {
  const { isRawJSON: isRaw } = JSON as { isRawJSON?: (value: unknown) => boolean };
  return isRaw?.(object) === true;
}

/** Of these JSON says the same before and after a clone, as long as they have nothing of their own. */
const AGREEING: readonly [object, (value: unknown) => boolean, number][] = [
  [Date.prototype, types.isDate, 0],
  [RegExp.prototype, types.isRegExp, 1],
  [Map.prototype, types.isMap, 0],
  [Set.prototype, types.isSet, 0],
  [ArrayBuffer.prototype, types.isArrayBuffer, 0],
];
const AGREEING_VIEWS = new Set<unknown>([...VIEWS, Buffer].map(({ prototype }) => prototype));

/** What Node gives a `toJSON`. Somebody may have replaced it, or taught one to others. */
const TO_JSON = new Map<unknown, unknown>([
  [Date.prototype, Date.prototype.toJSON],
  [Buffer.prototype, Buffer.prototype.toJSON],
]);

export function agreesWithJSON(object: object): boolean {
  if (types.isProxy(object)) return false;
  const prototype = Object.getPrototypeOf(object) as { toJSON?: unknown } | null;
  if (ArrayBuffer.isView(object)) {
    if (!AGREEING_VIEWS.has(prototype) || Object.hasOwn(object, "toJSON")) return false;
  } else {
    const kind = AGREEING.find(([each]) => each === prototype);
    if (!kind?.[1](object) || Object.getOwnPropertyNames(object).length > kind[2]) return false;
  }
  return prototype?.toJSON === TO_JSON.get(prototype);
}
