import { inspect } from "node:util";
import { deserialize, serialize } from "node:v8";

/** What a channel does to a payload. */
export type Carry = (value: unknown) => unknown;

/** What each serialization makes of a payload that crosses by itself; what it does not take, it throws for. */
export const carry: Readonly<Record<"json" | "advanced" | "clone", Carry>> = {
  json: (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value))),
  advanced: (value) => deserialize(serialize(value)),
  clone: (value) => structuredClone(value),
};

class Point {
  readonly x = 1;
  readonly y = -0;
}

function twice(value: unknown): unknown {
  return { first: value, second: value };
}

function rows(length: number): unknown[] {
  return Array.from({ length }, (_, i) => ({ i }));
}

function farFromItself(value: unknown): unknown {
  return { first: value, between: rows(1000), second: value };
}

function nested(depth: number): unknown {
  return depth === 0 ? "the innermost" : { inner: nested(depth - 1) };
}

function circle(): unknown {
  const value: Record<string, unknown> = { name: "circle" };
  value["itself"] = value;
  return value;
}

/** Payloads of which one serialization or another changes something. */
export const samples: Readonly<Record<string, unknown>> = {
  nothing: undefined,
  "a text that JSON escapes": '"\\\u0000\u2028\ud800 é',
  "minus zero": -0,
  "minus zero, further in": { list: [0, [-0]] },
  "no number": Number.NaN,
  "endless numbers": [Infinity, -Infinity],
  "undefined among others": { absent: undefined, list: [undefined, null] },
  // biome-ignore lint/suspicious/noSparseArray: that is the point
  "a hole": [1, , 3],
  "a list with a property": Object.assign([1, 2], { more: 3 }),
  "a date": { when: new Date(0) },
  "a map and a set": new Map<unknown, unknown>([[{ key: 1 }, new Set([1n])]]),
  "an empty map": new Map(),
  "a buffer": { bytes: Buffer.from("bytes") },
  "other views": [new Float64Array([1.5, -0]), new Uint8Array([1, 2])],
  "a regular expression": [/x/gi],
  "an error": {
    // The stack is not that of whoever loads this file.
    error: Object.defineProperty(new RangeError("not thrown"), "stack", { value: "its stack" }),
  },
  "an instance": new Point(),
  "no prototype": Object.assign(Object.create(null) as object, { a: 1 }),
  "a key named __proto__": JSON.parse('{"__proto__": {"a": 1}, "b": 2}'),
  "a big integer": { value: 2n ** 70n },
  "one object twice": twice({ a: 1 }),
  "one list twice": twice([1]),
  "one date twice": twice(new Date(0)),
  "one object twice, far from itself": farFromItself({ a: 1 }),
  "a circle": circle(),
  "a deep one": nested(200),
  "a deeper one": nested(300),
  "a list": rows(1000),
  "a list with a date at its end": [...rows(1000), new Date(0)],
  "a long list": rows(5000),
};

/** Everything about a payload that may get lost on its way, also whether two parts of it are one object. */
export function describePayload(value: unknown): string {
  const { first, second } = Object(value) as { first?: unknown; second?: unknown };
  const isOne = typeof first === "object" && first === second;
  const prototype: unknown =
    typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
  const text = inspect(value, { depth: Infinity, maxArrayLength: Infinity, sorted: true });
  return `${text} ${isOne ? "one object" : ""} ${prototype === null ? "without prototype" : ""}`;
}

/** How the sample arrives on such a channel; `undefined` if it is not taken. */
export function arrivesAs(sample: unknown, how: Carry): string | undefined {
  let carried: unknown;
  try {
    carried = how(sample);
  } catch {
    return undefined;
  }
  return describePayload(carried);
}
