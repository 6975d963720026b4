/** The frames of one bus to one peer: all have its tag, and their numbers follow each other. */
export interface Sequence {
  /** Small enough for an integer that costs nothing to read. */
  readonly tag: number;
  /** The number of the last frame. */
  last: number;
}

const TAGS = 2 ** 30;

/** A sequence that no other bus has. */
export function newSequence(): Sequence {
  return { tag: process.getBuiltinModule("node:crypto").randomInt(1, TAGS), last: 0 };
}
