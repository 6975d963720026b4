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

const NAMES: readonly (keyof EmitOptions)[] = ["timeout", "signal", "handle", "queueHandle"];

/** The options of a call of `emit`, if there are any. Throws a `TypeError` for wrong ones. */
export function readOptions(options: unknown): EmitOptions | undefined {
  if (options === undefined || options === null) return undefined;
  check.options(options, "emit()", NAMES);
  const { timeout, signal, handle } = options as EmitOptions;
  if (signal !== undefined && !isAbortSignal(signal)) {
    throw wrong("the option signal", "an AbortSignal", signal);
  }
  if (handle !== undefined && handle !== null && typeof handle !== "object") {
    throw wrong("the option handle", "a net.Socket, net.Server or dgram.Socket", handle);
  }
  if (timeout === undefined) return options as EmitOptions;
  return { ...(options as EmitOptions), timeout: check.timeout(timeout, "the option timeout") };
}

function isAbortSignal(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "aborted" in value &&
    typeof (value as AbortSignal).addEventListener === "function"
  );
}
