import { readForClone } from "./clone-reading.ts";
import { holdForJSON, readForJSON } from "./json-reading.ts";
import { readTree, type Tree } from "./json-tree.ts";
import { isPatched } from "./kinds.ts";
import { deserialize, isCloned, type Serialization, serialize } from "./serialization.ts";
import { measureCopy, sizeOfPlain } from "./size.ts";

/** Beyond this many characters a text is copied faster than it is escaped. */
export const LONG: number = 2 ** 12;
/** A character of a text takes no more bytes than this in JSON, whatever it is. */
const MOST_A_CHARACTER = 6;

/** How a payload was read. */
type Form =
  /** There is none. */
  | "nothing"
  /** A value for the text of the frame; nothing in it is the user's. */
  | "inline"
  /** A JSON text. */
  | "text"
  /** The bytes that `advanced` makes of it. */
  | "bytes"
  /** A value that has still to be cloned. */
  | "beside"
  /** What `postMessage` makes of it. */
  | "clone"
  /** An `Undecided`. */
  | "undecided";

/** What was read of a payload, once: the user's code has no more say in it. */
export interface Snapshot {
  readonly form: Form;
  readonly value: unknown;
  /** Bytes it takes; about, where it is still to be encoded. */
  readonly size: number;
}

/** A payload for a channel of which it is not known yet whether it carries JSON, or clones. */
interface Undecided {
  /** What `advanced` makes of it, or what it throws. */
  readonly cloned: { readonly bytes: Uint8Array } | { readonly refusal: unknown };
  /** What stands for it in `json`, or what that throws; nothing if that can be told from the clone. */
  readonly json: { readonly value: unknown } | { readonly refusal: unknown } | undefined;
}

const NOTHING: Snapshot = { form: "nothing", value: undefined, size: 0 };
const tree: Tree = { copy: undefined, size: 0, asked: undefined };

/**
 * Reads a payload for a frame that is written now. What it takes is known, or it was encoded to know it.
 * Throws what the serialization throws, or the user's code.
 */
export function look(serialization: Serialization, payload: unknown): Snapshot {
  if (typeof payload !== "object" || payload === null) return lookAtPlain(serialization, payload);
  if (serialization === "unknown") return hold(serialization, payload);
  if (serialization === "json") return lookForJSON(payload);
  const { value, isTree, size } = readForClone(payload, serialization);
  if (size === undefined) return encode(serialization, value, size);
  return { form: isTree ? "inline" : "beside", value, size };
}

function lookForJSON(payload: object): Snapshot {
  if (readTree(payload, tree)) {
    const { copy, size } = tree;
    return Number.isNaN(size) ? textOf(copy) : { form: "inline", value: copy, size };
  }
  const { value, size } = readForJSON(payload, tree.asked);
  if (size === undefined || isPatched()) return textOf(value);
  return isNothingInJSON(value) ? NOTHING : { form: "inline", value, size };
}

/**
 * Encodes a payload ahead of its frame, because the message has to wait: nobody can change it any more, and its size is known.
 * Throws what the serialization throws, or the user's code.
 */
export function hold(serialization: Serialization, payload: unknown): Snapshot {
  if (payload === undefined) return NOTHING;
  // Nobody can change a text.
  if (typeof payload === "string" && payload.length > LONG) return longText(payload);
  refuseCode(payload);
  if (serialization === "json") return textOf(payload);
  if (serialization === "unknown") return holdUndecided(payload);
  const { value, isTree, size } = readForClone(payload, serialization);
  return isTree ? textOf(value) : encode(serialization, value, size);
}

/** What was read for a frame, made fit to wait. */
export function keep(serialization: Serialization, snapshot: Snapshot): Snapshot {
  const { form, value } = snapshot;
  return form === "inline" || form === "beside" ? hold(serialization, value) : snapshot;
}

/** What was held for a channel of which it is known by now what it is. Throws what that throws. */
export function decide(serialization: Serialization, snapshot: Snapshot): Snapshot {
  if (snapshot.form !== "undecided" || serialization === "unknown") return snapshot;
  const { cloned, json } = snapshot.value as Undecided;
  if (isCloned(serialization)) {
    if ("refusal" in cloned) throw cloned.refusal;
    return { form: "bytes", value: cloned.bytes, size: cloned.bytes.byteLength };
  }
  if (json && "refusal" in json) throw json.refusal;
  if (json) return look("json", json.value);
  return look("json", "bytes" in cloned ? deserialize(cloned.bytes) : undefined);
}

/** Whether a message of that size can be refused for it, or has to be measured first. */
export function isMeasured({ form, value }: Snapshot): boolean {
  return form !== "inline" && (form !== "beside" || ArrayBuffer.isView(value));
}

/** Whether a payload certainly takes no more than so many bytes. */
export function isWithin({ form, size }: Snapshot, most: number): boolean {
  return (form === "inline" ? size * MOST_A_CHARACTER : size) <= most;
}

/** The payload once more, for whom it has to be told otherwise than in a frame. */
export function restore(snapshot: Snapshot): unknown {
  const { form, value } = snapshot;
  if (form === "text") return JSON.parse(value as string);
  if (form === "undecided") return standIn(value as Undecided);
  return form === "bytes" ? deserialize(value) : value;
}

/** What a channel that clones, and one that carries JSON, take for the payload that was read, or refuse as they would. */
function standIn({ cloned, json }: Undecided): unknown {
  const value: unknown = "bytes" in cloned ? deserialize(cloned.bytes) : refusing(cloned.refusal);
  if (!json || Object(value) !== value) return value;
  const toJSON = () => {
    if ("refusal" in json) throw json.refusal;
    return json.value;
  };
  return Object.defineProperty(value as object, "toJSON", { value: toJSON });
}

/** Whoever clones it is refused for that reason; JSON asks for its `toJSON` instead. */
function refusing(refusal: unknown): object {
  return {
    get refused() {
      throw refusal;
    },
  };
}

function lookAtPlain(serialization: Serialization, payload: unknown): Snapshot {
  if (payload === undefined) return NOTHING;
  if (typeof payload === "string") {
    if (payload.length > LONG) return longText(payload, serialization);
    return { form: "inline", value: payload, size: payload.length };
  }
  refuseCode(payload);
  if (serialization === "json") {
    const { value, size } = readForJSON(payload);
    return size === undefined ? textOf(value) : { form: "inline", value, size };
  }
  const { value, isTree } = readForClone(payload, "advanced");
  return { form: isTree ? "inline" : "beside", value, size: sizeOfPlain(value) };
}

function longText(text: string, serialization?: Serialization): Snapshot {
  const size = Buffer.byteLength(text);
  return { form: serialization === "json" ? "inline" : "beside", value: text, size };
}

/** JSON leaves it out, in silence. */
function refuseCode(payload: unknown): void {
  if (typeof payload === "function" || typeof payload === "symbol") {
    throw new TypeError(`a ${typeof payload} cannot be sent`);
  }
}

function textOf(value: unknown): Snapshot {
  const text = JSON.stringify(value);
  return text === undefined
    ? NOTHING
    : { form: "text", value: text, size: Buffer.byteLength(text) };
}

function isNothingInJSON(value: unknown): boolean {
  return value === undefined || typeof value === "function" || typeof value === "symbol";
}

function encode(serialization: Serialization, value: unknown, size: number | undefined): Snapshot {
  if (serialization === "clone") {
    const clone: unknown = structuredClone(value);
    return { form: "clone", value: clone, size: size ?? measureCopy(clone) };
  }
  const bytes = serialize(value);
  return { form: "bytes", value: bytes, size: bytes.byteLength };
}

/** A JSON text where it is exact for both; else the bytes of a clone, and what JSON would say if that is not the same. */
function holdUndecided(payload: unknown): Snapshot {
  const { value, isTree, agrees } = readForClone(payload, "undecided");
  if (isTree) return textOf(value);
  const cloned = attempt(() => ({ bytes: serialize(value) }));
  if ("bytes" in cloned && agrees) {
    return { form: "undecided", value: { cloned, json: undefined }, size: cloned.bytes.byteLength };
  }
  const json = attempt(() => holdForJSON(value));
  if ("refusal" in cloned && "refusal" in json) throw cloned.refusal;
  const size = "bytes" in cloned ? cloned.bytes.byteLength : "size" in json ? json.size : 0;
  return { form: "undecided", value: { cloned, json } satisfies Undecided, size: size ?? 0 };
}

function attempt<T extends object>(task: () => T): T | { refusal: unknown } {
  try {
    return task();
  } catch (refusal) {
    return { refusal };
  }
}
