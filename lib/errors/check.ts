/** Characters in the name of an event or a namespace. */
export const MOST_NAME = 4096;

/** What a bus may be called: it becomes part of addresses that have no room for more. */
export const BUS_NAME: RegExp = /^[A-Za-z0-9_-]{1,64}$/;
/** What stands for other groups of peers. */
const RESERVED = ["workers", "children", "threads", "siblings", "parent"];

/** The checks of arguments. Each throws a `TypeError` that says what was expected and what came. */
export const check = {
  function(value: unknown, what: string): void {
    if (typeof value !== "function") throw wrong(what, "a function", value);
  },

  /** A name of an event or a namespace. */
  name(value: unknown, what: string): string {
    if (typeof value !== "string" || value === "") throw wrong(what, "a non-empty string", value);
    if (value.length > MOST_NAME) {
      throw new TypeError(`${what} must have at most ${MOST_NAME} characters`);
    }
    return value;
  },

  /** A name of a bus. */
  busName(value: unknown, what: string): string {
    if (typeof value !== "string" || !BUS_NAME.test(value)) {
      throw wrong(what, "1 to 64 letters, digits, _ or -", value);
    }
    if (RESERVED.includes(value)) {
      throw new TypeError(`${what} cannot be "${value}": that is a group of its own`);
    }
    return value;
  },

  /** A time in ms. A string with a number in it counts, as it did in version 1. */
  timeout(value: unknown, what: string): number {
    const milliseconds = typeof value === "string" && value !== "" ? Number(value) : value;
    if (typeof milliseconds === "number" && milliseconds > 0) return milliseconds;
    throw wrong(what, "a positive number of milliseconds, or Infinity", value);
  },

  /** A bus, of whatever copy of the package. */
  bus(value: unknown, what: string): void {
    const isBus = typeof value === "object" && value !== null && "ns" in value && "hub" in value;
    if (!isBus) throw wrong(what, "a bus", value);
  },

  /** A number of bytes, or of messages. */
  amount(value: unknown, what: string): number {
    if (typeof value === "number" && value >= 0) return value;
    throw wrong(what, "a number, 0 or more", value);
  },

  /** An option that is on or off, or left out. */
  flag(value: unknown, what: string): void {
    if (value !== undefined && typeof value !== "boolean")
      throw wrong(what, "true or false", value);
  },

  /** The options of a call: an object with none but those names. `elsewhere` says where else a name belongs. */
  options(options: unknown, call: string, known: readonly string[], elsewhere?: Elsewhere): void {
    if (typeof options !== "object" || options === null) {
      throw wrong(`the options of ${call}`, "an object", options);
    }
    for (const name in options) {
      if (known.includes(name)) continue;
      // A socket or a signal that was given as it is: its fields are nobody's options.
      if (isOfClass(options)) {
        throw wrong(`the options of ${call}`, `an object with ${listOf(known)}`, options);
      }
      throw unknownOption(name, call, known, elsewhere);
    }
  },
};

/** Names that are no options of a call, and where they belong. */
type Elsewhere = Readonly<Record<string, string>>;

function unknownOption(
  name: string,
  call: string,
  known: readonly string[],
  elsewhere: Elsewhere = {},
): TypeError {
  const hint = Object.hasOwn(elsewhere, name) ? elsewhere[name] : didYouMean(name, known);
  const first = `${call} has no option ${describe(name)}${hint === undefined ? "" : `: ${hint}`}`;
  return new TypeError(`${first}; it takes ${listOf(known)}`);
}

/** Names the nearest of those there are, if it is near: a guess that is none misleads. */
function didYouMean(name: string, known: readonly string[]): string | undefined {
  const [nearest] = known.toSorted((one, other) => distance(name, one) - distance(name, other));
  if (nearest === undefined || distance(name, nearest) > Math.max(2, nearest.length / 2))
    return undefined;
  return `did you mean "${nearest}"?`;
}

function listOf(names: readonly string[]): string {
  return names.join(", ");
}

/** Whether an object is of a class of its own, in whatever realm it was made. */
function isOfClass(options: object): boolean {
  return (className(options) ?? "Object") !== "Object";
}

/** How many characters have to be added, left out or replaced to make one name of the other, whatever their case. */
function distance(one: string, other: string): number {
  const [from, to] = [one.slice(0, 40).toLowerCase(), other.toLowerCase()];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, expected] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (letter === expected ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** The error for a wrong argument; `hint` says what was meant, probably. */
export function wrong(what: string, expected: string, value: unknown, hint?: string): TypeError {
  const text = `${what} must be ${expected}, got ${describe(value)}`;
  return new TypeError(hint === undefined ? text : `${text}: ${hint}`);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "number" || typeof value === "undefined") return String(value);
  if (typeof value === "object") return className(value) ?? "an object";
  return `a ${typeof value}`;
}

/** What a value is an instance of; a Proxy, and somebody else's getter, need not say. */
function className(value: object): string | undefined {
  try {
    const { name } = value.constructor as { name?: unknown };
    return typeof name === "string" && name !== "" ? name : undefined;
  } catch {
    return undefined;
  }
}
