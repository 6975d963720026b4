import type { Worker } from "node:cluster";
import type { ErrorCode, Executed } from "../errors/bus-error.ts";
import type { Peer } from "../message/peer.ts";
import type { Handle } from "../wire/handle.ts";

/**
 * Answers a message: `ack(reply)`, or in Node's style `ack(null, reply)` and `ack(error)`. One argument that is not
 * an Error is the reply. Throws when it is called a second time.
 */
export type Acknowledge = (errorOrReply?: unknown, reply?: unknown) => void;

/**
 * Takes messages of one command: `(data, fd, ack)` in a worker, `(worker, data, fd, ack)` in the primary.
 * It answers by a promise (or another thenable) that it returns, or by `ack`; what else it returns is no answer.
 */
export type Handler = {
  // A method's parameters may be narrower than declared, a function's may not.
  handle(...parameters: unknown[]): unknown;
}["handle"];

/** The error that an acknowledgement fails with, in the words of version 1. */
export interface ClassicError extends Error {
  /** The message of what the handler threw. */
  origMessage?: string;
  /** Where the handler threw it: its stack, without the first line. */
  origStack?: string;
  /** The code of version 2's error, which is the `cause`. */
  code?: ErrorCode;
  /** Whether the handler ran. */
  executed?: Executed;
}

/** A Node-style callback for an acknowledgement. */
export type AcknowledgedCallback<Reply> = {
  // The same here.
  call(error: ClassicError | null, reply?: Reply): void;
}["call"];

/** What `sendTo` and `sendToMaster` return. Its methods may be called until the event loop's next turn. */
export interface Sent {
  /** Sets how long to wait for the acknowledgement, in ms. Before `acknowledged`. */
  within(timeout: number | string): Sent;
  /** Asks for the acknowledgement, and resolves to its reply. Rejects with a `ClassicError`. */
  acknowledged<Reply = unknown>(callback?: AcknowledgedCallback<Reply>): Promise<Reply>;
  /** The short name of `acknowledged`. */
  ackd<Reply = unknown>(callback?: AcknowledgedCallback<Reply>): Promise<Reply>;
}

/** One namespace, as version 1 showed it. */
export interface Namespace {
  readonly name: string;
  /** By command. What is assigned here takes messages from then on. */
  handlers: Record<string, Handler>;
  /**
   * In the primary only: sends to a worker, or waits until the worker listens. `forceSendFD` lets a descriptor wait, too.
   * Throws a `TypeError` for wrong arguments and for a descriptor that would have to wait, an `Error` for a dead worker.
   */
  sendTo(
    worker: Worker | Peer,
    cmd: string,
    payload?: unknown,
    fd?: Handle | null,
    forceSendFD?: boolean,
  ): Sent;
  /** In a worker only: sends to the primary. Throws a `TypeError` for wrong arguments. */
  sendToMaster(cmd: string, payload?: unknown, fd?: Handle | null): Sent;
}

/**
 * The API of clusterphone 1, on the bus of version 2. It is the bridge for code that was written for version 1;
 * new code starts with `import { bus } from "clusterphone"`.
 */
export interface Clusterphone extends Namespace {
  /** The same as `ns`. */
  (name: string): Namespace;
  /** The namespace of that name; a library should use one of its own. */
  ns(name: string): Namespace;
  /** How long an acknowledgement may take, in ms, for all namespaces: 10,000 by default. */
  ackTimeout: number;
  /** The class of the promises that `acknowledged` returns: with `require("bluebird")` they are those of version 1. */
  Promise: PromiseConstructorLike;
}
