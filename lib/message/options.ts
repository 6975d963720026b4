import { check, wrong } from "../errors/check.ts";
import type { Handle } from "../wire/handle.ts";

/** What `emit` may be told about a message. */
export interface EmitOptions {
  /** Milliseconds until the receipt rejects with `ERR_ACK_TIMEOUT`; the same as `within`. */
  readonly timeout?: number | undefined;
  /** Aborting it rejects the receipt with `ERR_CANCELLED` and aborts `message.signal` on the other side. */
  readonly signal?: AbortSignal | undefined;
  /** A connection, a listening server or a datagram socket to hand over. */
  readonly handle?: Handle | undefined;
  /** Lets a message with a handle wait for a peer that is not ready, instead of throwing. */
  readonly queueHandle?: boolean | undefined;
}

/** What `emit` to any one of a group may be told. */
export interface AnyEmitOptions extends EmitOptions {
  /** Messages with one key go to one peer, in order, as long as the group stays the same. */
  readonly key?: string | undefined;
  /**
   * The message may be handled twice: it goes elsewhere also when its peer has died and nobody knows whether a
   * listener ran.
   */
  readonly idempotent?: boolean | undefined;
}

const NAMES: readonly (keyof EmitOptions)[] = ["timeout", "signal", "handle", "queueHandle"];
const ANY_NAMES: readonly (keyof AnyEmitOptions)[] = [...NAMES, "key", "idempotent"];
/** What belongs to another call of the same line. */
const ELSEWHERE = {
  within: "say timeout, or call within() on what emit() returns",
  concurrency: "it is an option of any()",
  key: "only what any() returns takes it",
  idempotent: "only what any() returns takes it",
};

/** The options of a call of `emit`, if there are any. Throws a `TypeError` for wrong ones. */
export function readOptions(
  options: unknown,
  known: readonly string[] = NAMES,
): EmitOptions | undefined {
  if (options === undefined || options === null) return undefined;
  check.options(options, "emit()", known, ELSEWHERE);
  const { timeout, signal, handle, queueHandle } = options as EmitOptions;
  if (signal !== undefined && !isAbortSignal(signal)) {
    throw wrong("the option signal", "an AbortSignal", signal);
  }
  if (handle !== undefined && handle !== null && typeof handle !== "object") {
    throw wrong("the option handle", "a net.Socket, net.Server or dgram.Socket", handle);
  }
  check.flag(queueHandle, "the option queueHandle");
  if (timeout === undefined) return options as EmitOptions;
  return { ...(options as EmitOptions), timeout: check.timeout(timeout, "the option timeout") };
}

/** The same, to any one of a group. */
export function readAnyOptions(options: unknown): AnyEmitOptions | undefined {
  const read = readOptions(options, ANY_NAMES) as AnyEmitOptions | undefined;
  if (read === undefined) return undefined;
  if (read.key !== undefined) check.name(read.key, "the option key");
  check.flag(read.idempotent, "the option idempotent");
  return read;
}

function isAbortSignal(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "aborted" in value &&
    typeof (value as AbortSignal).addEventListener === "function"
  );
}
