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

const DEFAULTS: Readonly<Limits> = {
  pending: 16 * MEBIBYTE,
  total: 256 * MEBIBYTE,
  message: 64 * MEBIBYTE,
  error: MEBIBYTE,
};

/** The limits of a bus, until somebody sets others. */
export function createLimits(): Limits {
  const values = { ...DEFAULTS };
  // Written out, as they are asked for with every message: one getter for all names would be slow.
  const limits: Limits = {
    get pending() {
      return values.pending;
    },
    set pending(bytes) {
      values.pending = checkBytes("pending", bytes);
    },
    get total() {
      return values.total;
    },
    set total(bytes) {
      values.total = checkBytes("total", bytes);
    },
    get message() {
      return values.message;
    },
    set message(bytes) {
      values.message = checkBytes("message", bytes);
    },
    get error() {
      return values.error;
    },
    set error(bytes) {
      values.error = checkBytes("error", bytes);
    },
  };
  // A limit that is misspelled limits nothing.
  return Object.preventExtensions(limits);
}

function checkBytes(name: keyof Limits, bytes: unknown): number {
  if (typeof bytes === "number" && bytes >= 0) return bytes;
  throw new TypeError(`limits.${name} is a number of bytes, not ${String(bytes)}`);
}
