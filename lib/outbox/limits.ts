/** Bounds of a bus, in bytes. What is no number, or less than 0, throws a `TypeError` when it is set. */
export interface Limits {
  /**
   * What may wait for a peer, and be unwritten: 16 MiB by default. Beyond it `ERR_QUEUE_FULL`. The channel
   * is given half of it at a time, and no more than 64 frames. A message that is alone always goes.
   */
  pending: number;
  /** The same for all peers together: 256 MiB by default. */
  total: number;
  /** What one message may take: 64 MiB by default. Beyond it `ERR_TOO_LARGE`. */
  message: number;
  /** What the error of a listener may take on its way to the sender: 1 MiB by default. What is beyond is cut. */
  error: number;
}

const MEBIBYTE = 2 ** 20;

/** What bounds a bus: asked with every message, so they are plain fields. */
export function defaultBounds(): Limits {
  return {
    pending: 16 * MEBIBYTE,
    total: 256 * MEBIBYTE,
    message: 64 * MEBIBYTE,
    error: MEBIBYTE,
  };
}

/** The limits that users set, which take what is fit to be a bound. */
export function limitsOf(bounds: Limits): Limits {
  const limits: Limits = {
    get pending() {
      return bounds.pending;
    },
    set pending(bytes) {
      bounds.pending = checkBytes("pending", bytes);
    },
    get total() {
      return bounds.total;
    },
    set total(bytes) {
      bounds.total = checkBytes("total", bytes);
    },
    get message() {
      return bounds.message;
    },
    set message(bytes) {
      bounds.message = checkBytes("message", bytes);
    },
    get error() {
      return bounds.error;
    },
    set error(bytes) {
      bounds.error = checkBytes("error", bytes);
    },
  };
  const inspect = Symbol.for("nodejs.util.inspect.custom");
  Object.defineProperty(limits, inspect, { value: () => ({ ...bounds }) });
  // A limit that is misspelled limits nothing.
  return Object.preventExtensions(limits);
}

function checkBytes(name: keyof Limits, bytes: unknown): number {
  if (typeof bytes === "number" && bytes >= 0) return bytes;
  throw new TypeError(`limits.${name} is a number of bytes, not ${String(bytes)}`);
}
