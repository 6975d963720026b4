import * as types from "node:util/types";

/** Whether a listener ran for the message an error is about. `"no"` means that a retry is safe. */
export type Executed = "no" | "maybe" | "yes";

const CERTAINTY: readonly Executed[] = ["no", "maybe", "yes"];

/** Of two answers to whether a listener ran, the one that makes a retry less safe. */
export function moreOf(one: Executed, other: Executed): Executed {
  return CERTAINTY.indexOf(one) < CERTAINTY.indexOf(other) ? other : one;
}

/**
 * Every code a `BusError` can carry, with the `executed` it has unless the place
 * that raises it knows better.
 */
const executedByCode: Record<ErrorCode, Executed> = {
  ERR_ACK_TIMEOUT: "maybe",
  ERR_CANCELLED: "maybe",
  ERR_CLOSED: "no",
  ERR_HANDLE_LOST: "no",
  ERR_HANDLE_NOT_READY: "no",
  ERR_HANDLE_UNSUPPORTED: "no",
  ERR_NOT_SERIALIZABLE: "no",
  ERR_NO_PEER: "no",
  ERR_PEER_DIED: "maybe",
  ERR_PROTOCOL: "no",
  ERR_QUEUE_FULL: "no",
  ERR_REFUSED: "no",
  ERR_REMOTE: "yes",
  ERR_TOO_LARGE: "no",
  ERR_UNHANDLED: "no",
};

/** The `code` of a `BusError`. */
export type ErrorCode =
  | "ERR_ACK_TIMEOUT"
  | "ERR_CANCELLED"
  | "ERR_CLOSED"
  | "ERR_HANDLE_LOST"
  | "ERR_HANDLE_NOT_READY"
  | "ERR_HANDLE_UNSUPPORTED"
  | "ERR_NOT_SERIALIZABLE"
  | "ERR_NO_PEER"
  | "ERR_PEER_DIED"
  | "ERR_PROTOCOL"
  | "ERR_QUEUE_FULL"
  | "ERR_REFUSED"
  | "ERR_REMOTE"
  | "ERR_TOO_LARGE"
  | "ERR_UNHANDLED";

/** How a process, a thread or the way to it ended, as far as it is known. */
export interface End {
  readonly exitCode?: number | undefined;
  readonly signal?: NodeJS.Signals | undefined;
  /** What nobody caught in a thread, which ended by that; where there is no code, why it never began. */
  readonly cause?: unknown;
  /** What else is known, in words that follow the name of a peer: `said goodbye`. */
  readonly reason?: string | undefined;
}

/** An end in words, as they follow the name of a peer. */
export function howEnded({ exitCode, signal, cause, reason }: End): string {
  if (signal) return `was ended by ${signal}`;
  if (exitCode !== undefined) {
    const why = cause === undefined ? "" : `, as nobody caught: ${messageOf(cause)}`;
    return `exited with code ${exitCode}${why}`;
  }
  if (cause !== undefined) return `was never started: ${messageOf(cause)}`;
  return reason ?? "disconnected";
}

/** What an error is about, as far as it is known: a message is one, or a peer alone. */
interface Subject {
  readonly event?: string | undefined;
  readonly namespace?: string | undefined;
  readonly peer?: { readonly id: string } | undefined;
}

/** What a `BusError` knows beside its code and text. */
interface BusErrorDetails extends End {
  readonly executed?: Executed | undefined;
  readonly about?: Subject | undefined;
}

/**
 * What a receipt rejects with, and what `lifecycle` reports.
 *
 * Compare `code`, not `instanceof`: several copies of the package may share one process.
 */
export class BusError extends Error {
  override readonly name: string = "BusError";
  /** One of the documented codes. */
  readonly code: ErrorCode;
  /** Whether a listener ran: `"no"`, `"maybe"` or `"yes"`. */
  readonly executed: Executed;
  /** The event of the message it is about, where it is about one. */
  declare readonly event?: string;
  /** The namespace of that message. */
  declare readonly namespace?: string;
  /** The id of the peer at the other end, as in `peer.id`, where it is known. */
  declare readonly peer?: string;
  /** With `ERR_PEER_DIED`: the exit code of the process or thread, where known. */
  declare readonly exitCode?: number;
  /** With `ERR_PEER_DIED`: the signal that ended the process, where known. */
  declare readonly signal?: NodeJS.Signals;

  constructor(code: ErrorCode, message: string, details: BusErrorDetails = {}) {
    // It is made long after the call it is about: a stack would show the bus, not the caller, and cost time.
    const limit = limitStackTraces(0);
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    limitStackTraces(limit);
    this.stack = headOf(code, message);
    this.code = code;
    this.executed = details.executed ?? executedByCode[code];
    const { event, namespace, peer } = details.about ?? NOTHING;
    if (event !== undefined) this.event = event;
    if (namespace !== undefined) this.namespace = namespace;
    if (peer !== undefined) this.peer = peer.id;
    if (details.exitCode !== undefined) this.exitCode = details.exitCode;
    if (details.signal !== undefined) this.signal = details.signal;
  }
}

const NOTHING: Subject = {};

/** The stack of an error that shows no caller. */
function headOf(code: ErrorCode, message: string): string {
  return `BusError [${code}]: ${message}`;
}

/** Sets how many frames a stack keeps, and returns how many it was. */
function limitStackTraces(frames: number): number {
  const before = Error.stackTraceLimit;
  // Somebody may have frozen it.
  Reflect.set(Error, "stackTraceLimit", frames);
  return before;
}

/** Whether something caught is an error of the bus, of whichever copy of the package. */
export function isBusError(error: unknown): error is BusError {
  try {
    return (
      error instanceof Error &&
      error.name === "BusError" &&
      "code" in error &&
      isErrorCode(error.code)
    );
  } catch {
    // It is somebody's Proxy, and throws when it is asked.
    return false;
  }
}

/** For an error thrown at a call: shows the caller, from above `thrower` on. */
export function atCaller(error: BusError, thrower: (...parameters: never[]) => unknown): BusError {
  Error.captureStackTrace(error, thrower);
  return error;
}

/** A place in the program. Its text is made when it is first read. */
export interface Place {
  readonly stack?: string;
}

/** Where `callee` was called; costs about a microsecond. */
export function callerOf(callee: (...parameters: never[]) => unknown): Place {
  const place: Place = {};
  Error.captureStackTrace(place, callee);
  return place;
}

/** For an error made long after the call it is about: shows that, unless it shows another. */
export function showCaller(error: BusError, { stack = "" }: Place): void {
  const frames = stack.indexOf("\n");
  if (frames < 0 || error.stack !== headOf(error.code, error.message)) return;
  error.stack += stack.slice(frames);
}

/** Says more in the text of an error, also where its stack begins with it. */
export function addToText(error: BusError, more: string): void {
  const head = headOf(error.code, error.message);
  const { stack = "" } = error;
  error.message += more;
  if (stack.startsWith(head)) {
    error.stack = headOf(error.code, error.message) + stack.slice(head.length);
  }
}

/** For an error of a message that may have run elsewhere before. */
export function mayHaveRun(error: BusError): void {
  (error as { executed: Executed }).executed = moreOf(error.executed, "maybe");
}

/** Whether `code` is one this version knows. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(executedByCode, code);
}

/** What was thrown, as an Error: anything that is not one is described and kept as `thrown`. Never throws. */
export function asError(thrown: unknown): Error {
  return isError(thrown) ? thrown : Object.assign(new Error(describe(thrown)), { thrown });
}

/** What an Error of another realm calls itself. */
const ERRORS = ["[object Error]", "[object DOMException]"];

/** Whether something caught is an Error, of this realm or another. A Proxy that throws when it is asked is none. */
export function isError(thrown: unknown): thrown is Error {
  try {
    if (thrown instanceof Error || types.isNativeError(thrown)) return true;
    return ERRORS.includes(Object.prototype.toString.call(thrown));
  } catch {
    return false;
  }
}

/** The stack of an error, if something caught has one. */
export function stackOf(thrown: unknown): string | undefined {
  try {
    return isError(thrown) ? String(thrown.stack) : undefined;
  } catch {
    return undefined;
  }
}

/** The text of an error, whatever was thrown. */
export function messageOf(thrown: unknown): string {
  try {
    return String(asError(thrown).message ?? "");
  } catch {
    return "an error whose message cannot be read";
  }
}

function describe(value: unknown): string {
  const isObject = typeof value === "object" && value !== null;
  const inWords = [
    ...(isObject ? [() => JSON.stringify(value)] : [() => String(value)]),
    () => Object.prototype.toString.call(value),
  ];
  for (const say of inWords) {
    try {
      const words: string | undefined = say();
      if (words !== undefined) return words;
    } catch {
      // Whoever made it lets nobody look at it that way.
    }
  }
  return "something that cannot be described";
}
