import * as types from "node:util/types";
import { asError, isError, messageOf } from "../errors/bus-error.ts";
import { isInstance } from "./kinds.ts";
import type { Serialization } from "./serialization.ts";
import { hold, restore } from "./snapshot.ts";

/** An error as it crosses the wire. What is an Error in it stands elsewhere in the list that it belongs to. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string | number;
  /** Its other fields, as the channel carries them. */
  readonly data?: Record<string, unknown>;
  /** Where in its fields an error belongs, and which of the list. */
  readonly inner?: [path: PropertyKey[], index: number][];
  /** 1 if it, or one that belongs to it, was cut. */
  readonly cut?: 1;
}

/** How errors are encoded: for which channel, and how many bytes they may take together. */
export interface Encoding {
  readonly serialization: Serialization;
  readonly most: number;
}

/** What an error takes beside its texts and fields, in bytes, about. */
const OVERHEAD = 128;
/** What is nested deeper is left as it is. */
const DEEPEST = 64;
/** What is told of an error otherwise than as its data. */
const TEXTS = new Set(["name", "message", "stack"]);
/** Where errors keep others that belong to them, enumerable or not. */
const OTHERS = ["cause", "errors"];
/** A `SuppressedError` has them there. */
const SUPPRESSED = ["error", "suppressed"];

type Field = [key: PropertyKey, value: unknown];

/** Makes an error, or whatever else was thrown, fit for the wire, with all errors that belong to it. Never throws. */
export class ErrorEncoder {
  readonly #serialization: Serialization;
  #left: number;
  #isCut = false;
  /** What belongs to it, in the order in which it was found; the place of one is its index. */
  readonly #errors: object[] = [];
  readonly #indexes = new Map<object, number>();

  constructor({ serialization, most }: Encoding) {
    // What no bus has said how it carries it is told as JSON.
    this.#serialization = serialization === "unknown" ? "json" : serialization;
    this.#left = most;
  }

  encode(thrown: unknown): WireError[] {
    this.#refer(asError(thrown), true);
    const list: WireError[] = [];
    for (let index = 0; index < this.#errors.length; index++) {
      list.push(this.#encodeOne(this.#errors[index] as object));
    }
    const [first] = list;
    if (first && this.#isCut) list[0] = { ...first, cut: 1 };
    return list;
  }

  #encodeOne(error: object): WireError {
    const stack = read(error, "stack");
    const code = read(error, "code");
    const name = this.#text(read(error, "name"), "Error");
    const message = this.#text(messageOf(error), "");
    const inner: [PropertyKey[], number][] = [];
    const told: WireError = {
      name,
      message,
      ...(typeof stack === "string" && { stack: this.#text(stack, "") }),
      ...(isCode(code) && { code: typeof code === "string" ? this.#text(code, "") : code }),
    };
    const others = name === "SuppressedError" ? [...OTHERS, ...SUPPRESSED] : OTHERS;
    const data = this.#encodeFields(error, others, inner);
    return { ...told, ...(data && { data }), ...(inner.length > 0 && { inner }) };
  }

  #encodeFields(
    error: object,
    others: readonly string[],
    inner: [PropertyKey[], number][],
  ): WireError["data"] {
    let data: Record<string, unknown> | undefined;
    for (const key of new Set([...others, ...keysOf(error)])) {
      const value = read(error, key, UNREADABLE);
      if (value === UNREADABLE || (value === undefined && others.includes(key))) continue;
      if (TEXTS.has(key) || (key === "code" && isCode(value))) continue;
      const found: [PropertyKey[], number][] = [];
      const field = this.#carry(this.#withoutErrors(value, [key], found, new Map()));
      if (!field) continue;
      data ??= {};
      define(data, [key, field.value]);
      inner.push(...found);
    }
    return data;
  }

  /** What the channel makes of a value; nothing if it does not take it, or there is no room. */
  #carry(value: unknown): { value: unknown } | undefined {
    try {
      const snapshot = hold(this.#serialization, value);
      if (snapshot.form === "nothing" && this.#serialization === "json") return undefined;
      if (!this.#takes(snapshot.size)) return undefined;
      return { value: restore(snapshot) };
    } catch {
      return undefined;
    }
  }

  /**
   * A value with nothing in the place of each error in it; `inner` gets to know where they were. What has none in it
   * stays what it is, for the channel to say what it makes of it.
   */
  #withoutErrors(
    value: unknown,
    path: PropertyKey[],
    inner: [PropertyKey[], number][],
    seen: Map<object, unknown>,
  ): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (isError(value)) {
      const index = this.#refer(value);
      if (index !== undefined) inner.push([path, index]);
      return null;
    }
    if (types.isProxy(value)) return value;
    const known = seen.get(value);
    if (known) return known;
    if (!hasFields(value) || path.length > DEEPEST) return value;
    const copy = Array.isArray(value) ? new Array<unknown>(value.length) : {};
    seen.set(value, copy);
    let isChanged = false;
    for (const key of Object.keys(value)) {
      const field = read(value, key, UNREADABLE);
      const told = this.#withoutErrors(field, [...path, key], inner, seen);
      isChanged ||= !Object.is(told, field) || field === UNREADABLE;
      define(copy, [key, told === UNREADABLE ? undefined : told]);
    }
    if (isChanged) return copy;
    seen.set(value, value);
    return value;
  }

  /** The index of an error; nothing if there is no room for it. */
  #refer(error: object, isFirst = false): number | undefined {
    const known = this.#indexes.get(error);
    if (known !== undefined) return known;
    if (!this.#takes(OVERHEAD) && !isFirst) return undefined;
    const index = this.#errors.push(error) - 1;
    this.#indexes.set(error, index);
    return index;
  }

  /** Whether there is room for so many bytes more; then they are taken. */
  #takes(bytes: number): boolean {
    if (bytes > this.#left) {
      this.#isCut = true;
      return false;
    }
    this.#left -= bytes;
    return true;
  }

  #text(value: unknown, otherwise: string): string {
    if (typeof value !== "string") return otherwise;
    const bytes = Buffer.byteLength(value);
    if (this.#takes(bytes)) return value;
    const text = Buffer.from(value).subarray(0, Math.max(0, this.#left)).toString();
    this.#left = 0;
    // A character that was cut through is left out.
    return text.replace(/\ufffd+$/, "");
  }
}

/** What is told beside the fields. Whatever else somebody calls a code is one of them. */
function isCode(code: unknown): code is string | number {
  return typeof code === "string" || typeof code === "number";
}

/** Whether a channel tells of it by its fields, of whatever class or realm it is. */
function hasFields(value: object): boolean {
  try {
    if (!Array.isArray(value) && !isInstance(value)) return false;
  } catch {
    // It does not say what it is.
    return false;
  }
  return typeof read(value, "toJSON") !== "function";
}

/** The keys of what is enumerable. */
function keysOf(error: object): string[] {
  try {
    return Object.keys(error);
  } catch {
    return [];
  }
}

const UNREADABLE = Symbol("unreadable");

/** Getters of errors may throw too. */
function read(error: object, key: string, otherwise?: unknown): unknown {
  try {
    return (error as Record<string, unknown>)[key];
  } catch {
    return otherwise;
  }
}

/** Defines rather than assigns: a key named `__proto__` stays a key. */
function define(target: object, [key, value]: Field): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}
