import {
  asError,
  BusError,
  type ErrorCode,
  type Executed,
  isErrorCode,
} from "../errors/bus-error.ts";

/**
 * An error as it crosses the wire. Only what both serializations carry alike, so that
 * `code`, custom properties and causes survive `json` and `advanced`.
 */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string | number;
  readonly data?: Record<string, unknown>;
  readonly cause?: WireError;
  readonly errors?: WireError[];
}

/** An error ack: what happened to the message, and the error of the listener if one failed. */
export interface WireFailure {
  readonly code: string;
  readonly executed: Executed;
  readonly message: string;
  readonly cause?: WireError;
}

/** An error, its causes and what they aggregate: more than so many are left out, which ends cycles as well. */
const MOST_ERRORS = 32;

/** How many errors may still be taken. */
interface Budget {
  left: number;
}

function newBudget(): Budget {
  return { left: MOST_ERRORS };
}

function upTo<Result>(
  budget: Budget,
  errors: readonly unknown[],
  take: (error: unknown, budget: Budget) => Result,
): Result[] {
  const taken: Result[] = [];
  for (const error of errors) {
    if (budget.left <= 0) break;
    taken.push(take(error, budget));
  }
  return taken;
}

const MAX_TEXT = 16_384;
/** Errors that are the same class on both sides. */
const builtins = new Map(
  [TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError].map((type) => [
    type.name,
    type as ErrorConstructor,
  ]),
);
const NAMED = new Set(["name", "message", "stack", "code", "cause", "errors"]);

/** Makes an error, or whatever else was thrown, fit for the wire. Never throws. */
function encodeError(thrown: unknown, budget: Budget = newBudget()): WireError {
  budget.left--;
  const error = asError(thrown) as Error & { code?: unknown; errors?: unknown };
  const code = read(error, "code");
  const cause = read(error, "cause");
  const errors = read(error, "errors");
  const stack = read(error, "stack");
  const data = encodeData(error);
  return {
    name: text(read(error, "name"), "Error"),
    message: text(read(error, "message"), ""),
    ...(typeof stack === "string" && { stack: text(stack, "") }),
    ...((typeof code === "string" || typeof code === "number") && { code }),
    ...(data && { data }),
    ...(cause !== undefined && budget.left > 0 && { cause: encodeError(cause, budget) }),
    ...(Array.isArray(errors) && { errors: upTo(budget, errors, encodeError) }),
  };
}

/** The error a peer sent, as an Error of this side. Anything malformed becomes a plain Error. */
function decodeError(wire: unknown, budget: Budget = newBudget()): Error {
  budget.left--;
  const fields = isRecord(wire) ? wire : {};
  const name = text(fields["name"], "Error");
  const error = new (builtins.get(name) ?? Error)(text(fields["message"], ""));
  if (error.name !== name) define(error, "name", name, false);
  define(error, "stack", text(fields["stack"], `${error.name}: ${error.message}`), false);
  const code = fields["code"];
  if (typeof code === "string" || typeof code === "number") define(error, "code", code, true);
  if (isRecord(fields["data"])) {
    for (const [key, value] of Object.entries(fields["data"])) {
      if (!NAMED.has(key)) define(error, key, value, true);
    }
  }
  if (fields["cause"] !== undefined && budget.left > 0) {
    define(error, "cause", decodeError(fields["cause"], budget), false);
  }
  if (Array.isArray(fields["errors"])) {
    define(error, "errors", upTo(budget, fields["errors"], decodeError), false);
  }
  return error;
}

/** A failure fit for the wire; `cause` travels with it where there is one. */
export function encodeFailure(error: BusError): WireFailure {
  return {
    code: error.code,
    executed: error.executed,
    message: text(error.message, ""),
    ...(error.cause !== undefined && { cause: encodeError(error.cause) }),
  };
}

/** The failure a peer answered with; the text names it. A code that this version does not know reads as `ERR_REFUSED`. */
export function decodeFailure(wire: unknown, peer: string): BusError {
  const fields = isRecord(wire) ? wire : {};
  const code: ErrorCode = isErrorCode(fields["code"]) ? fields["code"] : "ERR_REFUSED";
  const executed = isExecuted(fields["executed"]) ? fields["executed"] : "maybe";
  const reason = text(fields["message"], "the other side gave no reason");
  return new BusError(code, `${peer}: ${reason}`, {
    executed,
    ...(fields["cause"] !== undefined && { cause: decodeError(fields["cause"]) }),
  });
}

function encodeData(error: Error): Record<string, unknown> | undefined {
  let data: Record<string, unknown> | undefined;
  for (const key of ownKeys(error)) {
    if (NAMED.has(key)) continue;
    const value = plain(read(error, key));
    if (value === undefined) continue;
    data ??= {};
    define(data, key, value, true);
  }
  return data;
}

/** What JSON makes of a value; `undefined` where it makes nothing. */
function plain(value: unknown): unknown {
  try {
    const json = JSON.stringify(value);
    return json === undefined || json.length > MAX_TEXT ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}

function ownKeys(error: Error): string[] {
  try {
    return Object.keys(error);
  } catch {
    return [];
  }
}

/** Getters of errors may throw too. */
function read(error: object, key: string): unknown {
  try {
    return (error as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function text(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value.slice(0, MAX_TEXT) : otherwise;
}

/** Defines rather than assigns: a key named `__proto__` stays a key. */
function define(target: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isExecuted(value: unknown): value is Executed {
  return value === "no" || value === "maybe" || value === "yes";
}
