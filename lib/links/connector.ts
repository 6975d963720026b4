import type { Link } from "./link.ts";

/** A way to somebody that has not been taken yet. */
export interface Connection {
  /** What the peer is known by: two names for one channel have the same. */
  readonly target: object;
  link(): Link;
}

/** Finds ways to peers of its kinds. A hub has one or several. */
export interface Connector {
  /** What `to()` may be given for it, in words. */
  readonly targets: string;
  /** The way to what `to()` was given; nothing if that is none of its kinds. Throws a `TypeError` if it is, and there is no way. */
  reach(target: unknown): Connection | undefined;
  /** The way to the parent, if it knows one. */
  parent?(): Connection | undefined;
  /** Tells of those that take part by themselves, now and later. Returns how to stop. */
  watch?(tell: (connection: Connection) => void): () => void;
}
