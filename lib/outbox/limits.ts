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
