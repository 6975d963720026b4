import * as types from "node:util/types";
import { bufferOf, lengthOf } from "./views.ts";

/** What a number, a date and the like take, in bytes. */
const PLAIN = 8;

/** The least and the most that 64 bits hold. */
const [LEAST, MOST] = [-(2n ** 63n), 2n ** 63n - 1n];
/** Bits that one hexadecimal digit stands for. */
const DIGIT = 4;
const BYTE = 8;

/** Of a list of the user's that is longer, only encoding it tells: looking for getters in it takes as long. */
const LONGEST_LIST = 2 ** 12;

/**
 * How the bytes of a view are counted: as its own, as those of all of its buffer, which a clone takes along, or as its own
 * also where they are in shared memory, which `advanced` writes out.
 */
type ViewsCount = "own" | "whole" | "written";

/**
 * How many bytes a value takes, about: texts by their length, bytes as they are, memory that stays shared as nothing. Runs no
 * code of the user's; `undefined` where only such code could tell (a Proxy, a getter).
 */
export function measure(value: unknown, views: ViewsCount = "own"): number | undefined {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return sizeOfPlain(value);
  const measuring = new Measuring(views, "known");
  measuring.add(value);
  return measuring.ends();
}

/** The same where it cannot be told: then what can be seen. */
export function measureAtLeast(value: unknown): number {
  if (typeof value !== "object" || value === null) return measure(value) ?? PLAIN;
  const measuring = new Measuring("own", "seen");
  measuring.add(value);
  return measuring.ends() ?? PLAIN;
}

/** The same for what was cloned or decoded: nothing in it is the user's. */
export function measureCopy(copy: unknown): number {
  if (typeof copy !== "object" || copy === null) return measure(copy) ?? PLAIN;
  const measuring = new Measuring("whole", "ours");
  measuring.add(copy);
  return measuring.ends() ?? PLAIN;
}

/** What takes no more than a number, or is a bigint, which may be as long as a text. */
export function sizeOfPlain(value: unknown): number {
  if (typeof value !== "bigint" || (value >= LEAST && value <= MOST)) return PLAIN;
  return (value.toString(16).length * DIGIT) / BYTE;
}

/** What is asked for: the size if it is known, what can be seen of it in any case, or that of what has nothing of the user's. */
type Asking = "known" | "seen" | "ours";

/** It works whatever somebody has put in its place. */
const sourceOf = Object.getOwnPropertyDescriptor(RegExp.prototype, "source")?.get as
  | (() => string)
  | undefined;

/** Without recursion: what is nested too deep for the stack has a size too. */
class Measuring {
  readonly #views: ViewsCount;
  readonly #asking: Asking;
  readonly #seen = new Set<object>();
  readonly #left: object[] = [];
  #size = 0;
  #isKnown = true;

  constructor(views: ViewsCount, asking: Asking) {
    this.#views = views;
    this.#asking = asking;
  }

  add(value: unknown): void {
    if (typeof value === "string") this.#size += value.length + 2;
    else if (typeof value !== "object" || value === null) this.#size += sizeOfPlain(value);
    else if (!this.#seen.has(value)) {
      this.#seen.add(value);
      this.#left.push(value);
    }
  }

  ends(): number | undefined {
    for (let next = this.#left.pop(); next && this.#goesOn(); next = this.#left.pop()) {
      this.#open(next);
    }
    return this.#goesOn() ? this.#size : undefined;
  }

  #goesOn(): boolean {
    return this.#isKnown || this.#asking === "seen";
  }

  #open(object: object): void {
    this.#size += 2;
    if (types.isProxy(object)) {
      this.#isKnown = false;
    } else if (ArrayBuffer.isView(object)) {
      if (this.#views === "whole") this.add(bufferOf(object));
      else if (this.#isWritten(object)) this.#size += lengthOf(object);
    } else if (types.isArrayBuffer(object)) {
      this.#size += object.byteLength;
    } else if (Array.isArray(object)) {
      this.#openList(object);
    } else {
      this.#openFields(object);
    }
  }

  #isWritten(view: ArrayBufferView): boolean {
    return this.#views === "written" || !types.isSharedArrayBuffer(bufferOf(view));
  }

  #openList(list: readonly unknown[]): void {
    if (this.#asking === "ours") {
      for (const value of Object.values(list)) this.add(value);
    } else if (this.#asking === "known" && list.length > LONGEST_LIST) {
      this.#isKnown = false;
    } else {
      this.#openOwn(list);
    }
  }

  #openFields(object: object): void {
    if (types.isMap(object)) {
      Map.prototype.forEach.call(object, (value, key) => {
        this.add(key);
        this.add(value);
      });
    } else if (types.isSet(object)) {
      Set.prototype.forEach.call(object, (value) => this.add(value));
    } else if (types.isNativeError(object)) {
      this.#openError(object);
    } else if (types.isRegExp(object)) {
      this.add(sourceOf?.call(object));
    } else if (types.isBigIntObject(object)) {
      this.add(BigInt.prototype.valueOf.call(object));
    }
    this.#openOwn(object);
  }

  #openOwn(object: object): void {
    for (const key of Object.keys(object)) {
      const field = Object.getOwnPropertyDescriptor(object, key);
      this.#size += key.length + 3;
      if (field && "value" in field) this.add(field.value);
      else this.#isKnown = false;
    }
  }

  /** The stack of an error may be made when it is read, by code of the user's. */
  #openError(error: Error): void {
    if (this.#asking !== "ours") {
      this.#isKnown = false;
      return;
    }
    this.add(error.message);
    this.add(error.stack);
    this.add(error.cause);
  }
}
