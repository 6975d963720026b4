// What a peer sent is read here, and nothing is trusted. All of it throws a TypeError.

import { countOf } from "./items.ts";
import { Flag, type WireItem } from "./protocol.ts";
import { deserialize } from "./serialization.ts";

/** A frame, taken apart. */
export interface Frame {
  /** The same in all frames of one bus to one peer. */
  readonly tag: number;
  readonly number: number;
  /** With their payloads. */
  readonly items: WireItem[];
  /** How many messages. */
  readonly count: number;
  readonly isText: boolean;
}

/** A list that is cloned may claim any length, and take next to nothing: this one is looked at. */
const LONG_LIST = 2 ** 16;

/** Takes a received body apart. Throws on anything that no version of ours sends. */
export function decodeFrame(body: unknown): Frame {
  if (!Array.isArray(body)) throw new TypeError("a frame's body is not a list");
  refuseHoles(body);
  const [tag, number, text] = body as [unknown, unknown, unknown];
  if (!Number.isSafeInteger(tag)) throw new TypeError("a frame has no tag");
  if (!Number.isSafeInteger(number)) throw new TypeError("a frame has no number");
  const isText = typeof text === "string";
  const items: unknown = isText ? JSON.parse(text) : body.slice(2);
  if (!Array.isArray(items)) throw new TypeError("a frame's items are not a list");
  let count = 0;
  for (const item of items) {
    if (!Array.isArray(item) || !Number.isSafeInteger(item[0])) {
      throw new TypeError("an item has no head");
    }
    refuseHoles(item);
    const head = item[0] as number;
    count += countOf(item);
    if (head & Flag.BESIDE) {
      if (item !== items.at(-1)) throw new TypeError("more than one payload beside the text");
      item.push(head & Flag.ENCODED ? decode(body[3]) : body[3]);
    } else if (head & Flag.ENCODED) {
      item.push(JSON.parse(item.pop() as string));
    }
  }
  return { tag: tag as number, number: number as number, items, count, isText };
}

function refuseHoles(list: readonly unknown[]): void {
  if (list.length > LONG_LIST && Object.keys(list).length < list.length) {
    throw new TypeError("a list with holes");
  }
}

function decode(encoded: unknown): unknown {
  return typeof encoded === "string" ? JSON.parse(encoded) : deserialize(encoded);
}
