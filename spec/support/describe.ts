import { types } from "node:util";

/**
 * Everything about a value that may get lost on its way: prototypes, holes, `-0`, the bytes of views, which parts of it are
 * one object. Two values with the same description arrived alike.
 */
export function describeWhole(value: unknown): string {
  return describeIn(value, new Map());
}

function describeIn(value: unknown, seen: Map<object, number>): string {
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  const place = seen.get(value);
  if (place !== undefined) return `#${place}`;
  seen.set(value, seen.size);
  const name = nameOf(value);
  const fields = Object.keys(value)
    .filter((key) => !ArrayBuffer.isView(value) || !/^\d+$/.test(key))
    .map((key) => `${JSON.stringify(key)}: ${describeIn(Reflect.get(value, key), seen)}`);
  return `${name}${insideOf(value, seen)}{${fields.join(", ")}}`;
}

function nameOf(object: object): string {
  const prototype = Object.getPrototypeOf(object) as { constructor?: { name: string } } | null;
  return prototype === null ? "nothing" : String(prototype.constructor?.name);
}

function insideOf(value: object, seen: Map<object, number>): string {
  if (Array.isArray(value)) return `[${value.length}]`;
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex");
    return types.isSharedArrayBuffer(value.buffer) ? `(shared ${bytes})` : `(${bytes})`;
  }
  if (types.isAnyArrayBuffer(value)) return `(${Buffer.from(value).toString("hex")})`;
  if (types.isDate(value)) return `(${value.getTime()})`;
  if (types.isRegExp(value)) return `(${String(value)})`;
  if (types.isBoxedPrimitive(value)) {
    const inner: unknown = value.valueOf();
    return `(${Object.is(inner, -0) ? "-0" : String(inner)})`;
  }
  const list = (values: Iterable<unknown>) =>
    `(${[...values].map((each) => describeIn(each, seen)).join(", ")})`;
  if (types.isMap(value)) return list([...value].flat());
  if (types.isSet(value)) return list(value);
  if (types.isNativeError(value)) return list([value.message, value.stack, value.cause]);
  return "";
}
