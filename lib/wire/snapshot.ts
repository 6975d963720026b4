import { deserialize, isCloned, type Serialization, serialize } from "./serialization.ts";
import { isTree } from "./tree.ts";

/** Beyond this many characters a text is copied faster than it is escaped. */
export const LONG: number = 2 ** 12;

/** A payload that was encoded before its frame, because the message has to wait. */
export interface Snapshot {
  /** A JSON text: what both serializations make of plain data, or what `json` makes of anything. `""` is no data. */
  readonly json?: string | undefined;
  /** What `advanced` makes of it. */
  readonly bytes?: Uint8Array | undefined;
  /** A text, which stands for itself. */
  readonly value?: string | undefined;
  /** What `postMessage` makes of it. */
  readonly clone?: { readonly value: unknown } | undefined;
  /** Bytes it takes, at least about. */
  readonly size: number;
}

/**
 * Encodes a payload ahead of its frame: it is read now, and its size is known.
 * While the serialization is unknown both forms are made, of which the frame takes the right one.
 * Throws what the serialization throws.
 */
export function takeSnapshot(serialization: Serialization, payload: unknown): Snapshot {
  if (payload === undefined) return { json: "", size: 0 };
  // Nobody can change a text.
  if (typeof payload === "string" && payload.length > LONG) {
    return { value: payload, size: payload.length };
  }
  if (typeof payload === "function" || typeof payload === "symbol") {
    throw new TypeError(`a ${typeof payload} cannot be sent`);
  }
  if (isTree(payload) || serialization === "json") {
    const json = JSON.stringify(payload) ?? "";
    return { json, size: Buffer.byteLength(json) };
  }
  if (serialization === "clone") {
    const value = structuredClone(payload);
    return { clone: { value }, size: sizeOf(value) };
  }
  if (serialization === "advanced") {
    const bytes = serialize(payload);
    return { bytes, size: bytes.byteLength };
  }
  const json = attempt(() => JSON.stringify(payload) ?? "");
  const bytes = attempt(() => serialize(payload));
  if (json === undefined && bytes === undefined) serialize(payload);
  return { json, bytes, size: (json?.length ?? 0) + (bytes?.byteLength ?? 0) };
}

/** The payload once more, for whom it has to be told otherwise than in a frame. */
export function restore(serialization: Serialization, snapshot: Snapshot): unknown {
  const { json, bytes, value, clone } = snapshot;
  if (value !== undefined) return value;
  if (clone) return clone.value;
  if (bytes && (isCloned(serialization) || json === undefined)) return deserialize(bytes);
  return json ? JSON.parse(json) : undefined;
}

function sizeOf(value: unknown): number {
  return attempt(() => serialize(value).byteLength) ?? 1024;
}

function attempt<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}
