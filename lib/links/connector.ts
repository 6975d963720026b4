import type { Link } from "./link.ts";

/** A way to somebody that has not been taken yet. */
export interface Connection {
  /** What the peer is known by: two names for one channel have the same. */
  readonly target: object;
  link(): Link;
}

/** How a hub finds its peers. */
export interface Connector {
  /** The way to what `to()` was given. Throws a `TypeError` if there is none. */
  reach(target: unknown): Connection;
  /** The way to the parent, if there is one. */
  parent(): Connection | undefined;
  /** A link to a parent that does not exist. */
  noParent(): Link;
  /** Tells of every cluster worker, now and later. Returns how to stop. */
  watchWorkers(tell: (connection: Connection) => void): () => void;
}
