import { BusError, type ErrorCode, type Executed, isErrorCode } from "../errors/bus-error.ts";
import { type Encoding, ErrorEncoder, type WireError } from "./error-encoder.ts";

/** An error ack: what happened to the message, and the error of the listener if one failed, with all that belong to it. */
export interface WireFailure {
  readonly code: string;
  readonly executed: Executed;
  readonly message: string;
  readonly cause?: WireError[];
}

/** The message that a failure is the answer to. */
interface Answered {
  readonly event: string;
  readonly namespace: string;
  readonly peer: { readonly id: string };
}

/** Errors that are the same class on both sides. */
const builtins = new Map(
  [TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError].map((type) => [
    type.name,
    type as ErrorConstructor,
  ]),
);
/** Fields that are not enumerable in errors. */
const HIDDEN = new Set(["cause", "errors"]);
/** Those of a `SuppressedError`; any other may have such as its own. */
const SUPPRESSED = new Set(["cause", "errors", "error", "suppressed"]);
const TEXTS = new Set(["name", "message", "stack"]);

/** A failure fit for the wire; its cause travels with it, whole, as far as it takes no more than `encoding` allows. Never throws. */
export function encodeFailure(error: BusError, encoding: Encoding): WireFailure {
  const { code, executed, message, cause } = error;
  return {
    code,
    executed,
    message: typeof message === "string" ? message : "",
    ...(cause !== undefined && { cause: new ErrorEncoder(encoding).encode(cause) }),
  };
}

/** The failure that a message was answered with; the text names the peer. A code that this version does not know reads as `ERR_REFUSED`. */
export function decodeFailure(wire: unknown, answered: Answered): BusError {
  const fields = isRecord(wire) ? wire : {};
  const code: ErrorCode = isErrorCode(fields["code"]) ? fields["code"] : "ERR_REFUSED";
  const executed = isExecuted(fields["executed"]) ? fields["executed"] : "maybe";
  const reason = text(fields["message"], "the other side gave no reason");
  return new BusError(code, `${answered.peer.id}: ${reason}`, {
    executed,
    about: answered,
    ...(fields["cause"] !== undefined && { cause: decodeErrors(fields["cause"]) }),
  });
}

/** The first of the errors that a peer sent, with those that belong to it. Anything malformed becomes a plain Error. */
function decodeErrors(wire: unknown): Error {
  const list = valuesOf(Array.isArray(wire) ? wire : [wire]).map((each) =>
    isRecord(each) ? each : {},
  );
  const errors = list.map(decodeError);
  for (const [index, fields] of list.entries()) putInPlace(errors, errors[index], fields);
  return errors[0] ?? decodeError({});
}

function decodeError(fields: Record<string, unknown>): Error {
  const name = text(fields["name"], "Error");
  const message = text(fields["message"], "");
  const error = newError(name, message);
  if (error.name !== name) define(error, "name", name, false);
  define(error, "stack", text(fields["stack"], `${error.name}: ${error.message}`), false);
  const hidden = hiddenIn(error);
  const code = fields["code"];
  if (typeof code === "string" || typeof code === "number") define(error, "code", code, true);
  if (isRecord(fields["data"])) {
    for (const [key, value] of Object.entries(fields["data"])) {
      if (!TEXTS.has(key)) define(error, key, value, !hidden.has(key));
    }
  }
  if (fields["cut"] === 1) define(error, "truncated", true, true);
  return error;
}

function newError(name: string, message: string): Error {
  if (name === "AggregateError") return new AggregateError([], message);
  return new (builtins.get(name) ?? Error)(message);
}

function hiddenIn({ name }: Error): ReadonlySet<string> {
  return name === "SuppressedError" ? SUPPRESSED : HIDDEN;
}

/** Puts the errors that belong to one where they were. */
function putInPlace(
  errors: readonly Error[],
  error: Error | undefined,
  { inner }: Record<string, unknown>,
): void {
  if (!error || !Array.isArray(inner)) return;
  for (const place of valuesOf(inner)) {
    if (!Array.isArray(place) || !Array.isArray(place[0])) continue;
    const path = valuesOf(place[0]) as PropertyKey[];
    const [key, value] = [path.at(-1), errorAt(errors, place[1])];
    const holder = path.slice(0, -1).reduce(ownOf, error as unknown);
    if (!value || !isKey(holder, key)) continue;
    define(holder as object, key, value, holder !== error || !hiddenIn(error).has(String(key)));
  }
}

function errorAt(errors: readonly Error[], index: unknown): Error | undefined {
  return typeof index === "number" ? errors[index] : undefined;
}

/** What is in a list: one that was cloned may claim any length, and be nothing but holes. */
function valuesOf(list: readonly unknown[]): unknown[] {
  return Object.values(list);
}

function ownOf(holder: unknown, key: PropertyKey): unknown {
  return isKey(holder, key) ? (holder as Record<PropertyKey, unknown>)[key] : undefined;
}

function isKey(holder: unknown, key: unknown): key is PropertyKey {
  if (typeof holder !== "object" || holder === null) return false;
  // Not everything can be put into a list of bytes.
  if (ArrayBuffer.isView(holder)) return false;
  const isName = typeof key === "string" || typeof key === "number";
  // Nor in the place of a length, or of what else is always as it is.
  if (!isName || !Object.getOwnPropertyDescriptor(holder, key)?.configurable) return false;
  return !(holder instanceof Error) || !TEXTS.has(key as string);
}

function text(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

/** Defines rather than assigns: a key named `__proto__` stays a key. */
function define(target: object, key: PropertyKey, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isExecuted(value: unknown): value is Executed {
  return value === "no" || value === "maybe" || value === "yes";
}
