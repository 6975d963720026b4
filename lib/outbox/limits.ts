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
/** Characters of a text that was set in place of a number. */
const MOST_TOLD = 40;

/** What bounds a bus: asked with every message, so they are plain fields. */
export function defaultBounds(): Limits {
  return {
    pending: 16 * MEBIBYTE,
    total: 256 * MEBIBYTE,
    message: 64 * MEBIBYTE,
    error: MEBIBYTE,
  };
}

/** The limits that users set, which take what is fit to be a bound. A name that there is not would limit nothing. */
export function limitsOf(bounds: Limits): Limits {
  // From Node 26 on what is shown of a Proxy says that it is one.
  const inspect = Symbol.for("nodejs.util.inspect.custom");
  Object.defineProperty(bounds, inspect, { value: () => ({ ...bounds }) });
  return new Proxy(bounds, {
    set: (_, name, bytes: unknown) => setBound(bounds, name, bytes),
    defineProperty: (_, name, { value }) => setBound(bounds, name, value),
    deleteProperty: (_, name) => {
      throw new TypeError(`limits.${String(name)} cannot be deleted; set it to Infinity`);
    },
  });
}

function setBound(bounds: Limits, name: string | symbol, bytes: unknown): boolean {
  if (!Object.hasOwn(bounds, name)) {
    const known = Object.keys(bounds).join(", ");
    throw new TypeError(`there is no limits.${String(name)}; there are ${known}`);
  }
  if (typeof bytes !== "number" || !(bytes >= 0)) {
    const given = typeof bytes === "string" ? `"${bytes.slice(0, MOST_TOLD)}"` : String(bytes);
    throw new TypeError(`limits.${String(name)} must be a number of bytes, got ${given}`);
  }
  bounds[name as keyof Limits] = bytes;
  return true;
}
