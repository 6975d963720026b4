import fc from "fast-check";

/** Makes the same value again and again, each time as new. */
export type Make = () => unknown;

class Point {
  readonly x = 1;
  readonly y = -0;
  get sum(): number {
    return this.x + this.y;
  }
}

class Model {
  readonly id = 7;
  readonly #secret = 1;
  toJSON(): unknown {
    return { id: this.id, secret: this.#secret, when: new Date(1) };
  }
}

class Rows extends Array<unknown> {}

class Oops extends RangeError {
  readonly code = "E_OOPS";
}

const hidden = <T extends object>(value: T, key: PropertyKey, hiding: unknown): T =>
  Object.defineProperty(value, key, { value: hiding, configurable: true });
const getter = (key: PropertyKey, get: () => unknown, object: object = { first: 1 }): object =>
  Object.defineProperty(object, key, { get, enumerable: true, configurable: true });
const disguised = (value: object, prototype: object | null = Object.prototype): object =>
  Object.setPrototypeOf(value, prototype) as object;
const failing = (message = "it does not want to be read") => {
  throw new Error(message);
};
/** Stacks tell where a value was made, which differs. */
const still = <T extends Error>(error: T): T => hidden(error, "stack", `${error.name}: its stack`);
/** A getter that counts how often it was read: reading it twice shows. */
const counting = (object?: object): object => {
  let reads = 0;
  return getter("reads", () => ++reads, object);
};
function argumentsOf(..._values: unknown[]): unknown {
  // biome-ignore lint/complexity/noArguments: that is the point
  return arguments;
}

/** Made before anything is sent: what a getter writes into the pool while that is being cloned, Node's own clone does not have. */
const POOLED = Buffer.from("node");

const leaves: Record<string, Make> = {
  null: () => null,
  undefined: () => undefined,
  true: () => true,
  zero: () => 0,
  "minus zero": () => -0,
  NaN: () => Number.NaN,
  infinity: () => -Infinity,
  number: () => 1.5,
  empty: () => "",
  text: () => 'é"\\\u2028\ud800',
  "long text": () => "x".repeat(5000),
  bigint: () => 2n ** 70n,
  symbol: () => Symbol("s"),
  function: () => () => 1,
  "function with toJSON": () => Object.assign(() => 1, { toJSON: () => "a function" }),
  date: () => new Date(0),
  "no date": () => new Date(Number.NaN),
  "date with toJSON": () => hidden(new Date(0), "toJSON", () => "its own"),
  "date in disguise": () => disguised(new Date(0)),
  "date as a list": () => disguised(new Date(0), Array.prototype),
  "only looks like a date": () => Object.create(Date.prototype) as object,
  "regular expression": () => /x/gi,
  "map in disguise": () => disguised(new Map([[1, 2]])),
  "set of a map with a field": () => new Set([Object.assign(new Map(), { field: 1 })]),
  "counts before a failing symbol": () => [counting(), getter(Symbol("s"), failing)],
  "set in disguise": () => disguised(new Set([1]), null),
  "map with a field": () => Object.assign(new Map([[1, { a: -0 }]]), { field: 1 }),
  "transferred bytes": () => {
    const bytes = Uint8Array.of(1, 2);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    return bytes;
  },
  "bytes in disguise": () => disguised(Uint8Array.of(1, 2)),
  "number in disguise": () => disguised(Object(1) as object),
  promise: () => Promise.resolve(1),
  "promise in disguise": () => disguised(Promise.resolve(1)),
  "weak map": () => new WeakMap(),
  "weak reference": () => new WeakRef({}),
  generator: () => (function* () {})(),
  "iterator of a map": () => new Map().entries(),
  "shared memory": () => new SharedArrayBuffer(4),
  "view of shared memory": () => new Int32Array(new SharedArrayBuffer(8)).fill(3),
  buffer: () => Uint8Array.of(1, 2, 3).buffer,
  bytes: () => Uint8Array.of(1, 2, 3),
  "part of a large buffer": () => new Uint16Array(new Uint8Array(65_536).fill(7).buffer, 10, 4),
  "node buffer": () => POOLED.subarray(),
  "data view": () => new DataView(Uint8Array.of(1, 2, 3).buffer, 1),
  doubles: () => new Float64Array([-0, Number.NaN]),
  "bytes with toJSON": () => hidden(Uint8Array.of(1), "toJSON", () => "bytes"),
  "two views of one buffer": () => {
    const { buffer } = new Uint8Array(4096).fill(1);
    return { left: new Uint8Array(buffer, 0, 4), right: new Uint8Array(buffer, 4, 4) };
  },
  "boxed number": () => Object(-0) as object,
  "boxed text": () => Object("text") as object,
  "boxed symbol": () => Object(Symbol("s")) as object,
  "boxed bigint": () => Object(1n) as object,
  error: () => still(new Error("an error", { cause: 1 })),
  "error with code": () => still(Object.assign(new TypeError("a code"), { code: "E_CODE" })),
  "error of a class": () => still(new Oops("of a class")),
  "error with a hidden toJSON": () => hidden(still(new Error("x")), "toJSON", () => "told"),
  url: () => new URL("http://example.org/a"),
  proxy: () => new Proxy({ a: 1 }, {}),
  "proxy of a list": () => new Proxy([1, 2], {}),
  "proxy that fails": () => new Proxy({ a: 1 }, { get: () => failing() }),
  "proxy that knows no symbols": () =>
    new Proxy(
      { a: 1, b: [2] },
      {
        get: (object, key) =>
          typeof key === "symbol" ? failing() : (object as Record<string, unknown>)[key],
      },
    ),
  "revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  arguments: () => argumentsOf(1, 2),
  instance: () => new Point(),
  model: () => new Model(),
  "instance with a getter": () => getter("own", () => 1, new Point()),
  "no prototype": () => Object.assign(Object.create(null) as object, { a: 1 }),
  inheriting: () => Object.assign(Object.create({ inherited: 1 }) as object, { own: 2 }),
  "symbol key": () => ({ [Symbol("s")]: 1, a: 2 }),
  "failing symbol": () => getter(Symbol("s"), failing),
  tagged: () => ({ [Symbol.toStringTag]: "Tagged", a: 1 }),
  hidden: () => hidden({ a: 1 }, "b", 2),
  "hidden toJSON": () => hidden({ a: 1 }, "toJSON", () => ({ b: 2 })),
  "hidden toJSON that fails": () => hidden({ a: 1 }, "toJSON", () => failing()),
  "toJSON that is no function": () => ({ toJSON: 5, a: 1 }),
  "toJSON to nothing": () => ({ toJSON: () => undefined }),
  "toJSON to itself": () => ({
    a: 1,
    toJSON() {
      return this;
    },
  }),
  "toJSON to a model": () => ({ toJSON: () => ({ inner: new Model(), list: [undefined] }) }),
  "toJSON to one with toJSON": () => ({ toJSON: () => new Model() }),
  "toJSON with a key": () => ({ toJSON: (key: string) => `key ${typeof key}` }),
  "a getter of toJSON": () => getter("toJSON", () => undefined),
  "toJSON to a function": () => ({ toJSON: () => Object.assign(() => 1, { toJSON: () => 2 }) }),
  "toJSON to a bigint": () => ({ toJSON: () => 1n }),
  "function with toJSON in a list": () => [
    Object.assign(() => 1, { toJSON: (key: string) => key }),
  ],
  "toJSON to one that counts": () => ({ toJSON: () => getter("toJSON", () => counting()) }),
  // biome-ignore lint/suspicious/noSparseArray: that is the point
  holes: () => [1, , 3],
  "holes only": () => new Array(3),
  "list with a field": () => Object.assign([1, 2], { more: 3 }),
  "list without prototype": () => disguised([1, 2], null),
  "list with toJSON": () => hidden([1, 2], "toJSON", () => "gone"),
  "instance with a getter that counts": () => counting(new Point()),
  "list with a getter": () => getter(1, () => 5, [1, 2]),
  "list of a class": () => Rows.from([1, { a: 2 }]),
  "list with a hidden element": () =>
    Object.defineProperty([1, 2], 0, { value: 1, enumerable: false }),
  "empty object": () => ({}),
  "empty list": () => [],
  "numbers as keys": () => ({ 1: "a", 0: "b" }),
  "a key named __proto__": () =>
    JSON.parse('{"__proto__": {"a": 1}, "b": {"__proto__": 2}}') as object,
  getter: () => getter("a", () => 1),
  "getter of nothing": () => getter("a", () => undefined),
  "getter that counts": () => counting(),
  "getter that fails": () => getter("a", failing),
  "getter that fails once": () => {
    let reads = 0;
    return getter("a", () => (reads++ === 0 ? failing() : 1));
  },
  "getter of a getter": () => getter("a", () => counting()),
  "getter that deletes": () => {
    const object: Record<string, unknown> = getter("a", () => delete object["b"]) as never;
    return Object.assign(object, { b: { c: 1 } });
  },
  frozen: () => Object.freeze({ a: 1, list: Object.freeze([1]) }),
  deep: () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 300; depth++) deep = { deep };
    return deep;
  },
  rows: () => Array.from({ length: 1000 }, (_, id) => ({ id, name: "somebody", when: null })),
  "many rows": () => Array.from({ length: 5000 }, (_, id) => [id]),
  blob: () => new Blob(["x"]),
  port: () => new MessageChannel().port1,
};

const holders: Record<string, (inner: Make, other: Make) => Make> = {
  object: (inner, other) => () => ({ a: inner(), b: other() }),
  list: (inner, other) => () => [inner(), other()],
  map: (inner, other) => () => new Map([[inner(), other()]]),
  set: (inner, other) => () => new Set([inner(), other()]),
  instance: (inner) => () => Object.assign(new Point(), { inner: inner() }),
  "no prototype": (inner) => () => Object.assign(Object.create(null) as object, { inner: inner() }),
  twice: (inner, other) => () => {
    const one = inner();
    return { first: one, between: other(), second: one };
  },
  circle: (inner) => () => {
    const circle: Record<string, unknown> = { inner: inner() };
    return Object.assign(circle, { circle });
  },
  getter: (inner, other) => () => getter("inner", inner, { other: other() }),
  "strange keys": (inner, other) => () =>
    Object.defineProperty({ "": inner(), "0": 1 }, "__proto__", {
      value: other(),
      enumerable: true,
      configurable: true,
      writable: true,
    }),
  cause: (inner) => () => still(new Error("holds", { cause: inner() })),
};

/** Values of which one channel or another changes something, or that none takes. */
export const strange: fc.Arbitrary<[string, Make]> = fc.letrec<{ value: [string, Make] }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 3, arbitrary: fc.constantFrom(...Object.entries(leaves)) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom(...Object.entries(holders)), tie("value"), tie("value"))
          .map(([[name, hold], [inner, make], [other, makeOther]]): [string, Make] => [
            `${name} of ${inner} and ${other}`,
            hold(make, makeOther),
          ]),
      },
    ),
  }),
).value;

/** Each of the kinds by itself. */
export const kinds: readonly [string, Make][] = Object.entries(leaves);
