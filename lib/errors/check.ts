import type { EmitOptions } from "../message/outbound-event.ts";

/** Characters in the name of an event or a namespace. */
export const MOST_NAME = 4096;

/** What most messages are sent with. */
export const NO_OPTIONS: EmitOptions = {};

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

  /** A time in ms. Numbers in strings are taken, as version 1 did. */
  timeout(value: unknown, what: string): number {
    const milliseconds = typeof value === "string" && value !== "" ? Number(value) : value;
    if (typeof milliseconds === "number" && milliseconds > 0) return milliseconds;
    throw wrong(what, "a positive number of milliseconds, or Infinity", value);
  },

  emitOptions(options: unknown): EmitOptions {
    if (options === undefined || options === null) return NO_OPTIONS;
    if (typeof options !== "object") throw wrong("the options of emit()", "an object", options);
    const { timeout, signal, handle } = options as EmitOptions;
    if (signal !== undefined && !isAbortSignal(signal)) {
      throw wrong("the option signal", "an AbortSignal", signal);
    }
    if (handle !== undefined && handle !== null && typeof handle !== "object") {
      throw wrong("the option handle", "a net.Socket, net.Server or dgram.Socket", handle);
    }
    if (timeout === undefined) return options as EmitOptions;
    return { ...(options as EmitOptions), timeout: check.timeout(timeout, "the option timeout") };
  },
};

function isAbortSignal(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "aborted" in value &&
    typeof (value as AbortSignal).addEventListener === "function"
  );
}

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
