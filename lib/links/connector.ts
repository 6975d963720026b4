import type { ChildProcess } from "node:child_process";
import type { Worker as ClusterWorker } from "node:cluster";
import type { MessagePort, Worker as Thread } from "node:worker_threads";
import type { Link } from "./link.ts";

/** What Node has for the other side of a link. */
export type Endpoint = ClusterWorker | ChildProcess | Thread | MessagePort;

/** Who is at the other end of a link, as far as Node tells. */
export interface Whereabouts {
  /** What `to()` may be given for it; of the parent there is nothing. */
  readonly target?: Endpoint | undefined;
  /** The process it is, or is a part of. */
  readonly pid?: number | undefined;
  /** What its bus is called, where that is known before it says so, and better. */
  readonly name?: string | undefined;
  /** Which of those of that name it is. */
  readonly instance?: string | undefined;
  /** The machine that it runs on. */
  readonly host?: string | undefined;
}

/** A way to somebody that has not been taken yet. */
export interface Connection extends Whereabouts {
  /** What the peer is known by: two names for one channel have the same. */
  readonly channel: object;
  link(): Link;
}

/** Somebody watches who comes. */
export interface Watch {
  /** Tells at once of those of whom Node will only tell soon. */
  look(): void;
  stop(): void;
}

/** Finds ways to peers of its kinds. A hub has one or several. */
export interface Connector {
  /** What `to()` may be given for it, in words. */
  readonly targets: string;
  /** The way to what `to()` was given; nothing if that is none of its kinds. Throws a `TypeError` if it is, and there is no way. */
  reach(target: unknown): Connection | undefined;
  /** The way to the parent, if it knows one. */
  parent?(): Connection | undefined;
  /** Tells of those that take part by themselves, now and later. */
  watch?(tell: (connection: Connection) => void): Watch | undefined;
}
