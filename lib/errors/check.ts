/** Characters in the name of an event or a namespace. */
export const MOST_NAME = 4096;

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

  /** A time in ms. A string with a number in it counts, as it did in version 1. */
  timeout(value: unknown, what: string): number {
    const milliseconds = typeof value === "string" && value !== "" ? Number(value) : value;
    if (typeof milliseconds === "number" && milliseconds > 0) return milliseconds;
    throw wrong(what, "a positive number of milliseconds, or Infinity", value);
  },
};

/** The error for a wrong argument. */
export function wrong(what: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${what} must be ${expected}, got ${describe(value)}`);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "number" || typeof value === "undefined") return String(value);
  if (typeof value === "object") return value.constructor?.name ?? "an object";
  return `a ${typeof value}`;
}
