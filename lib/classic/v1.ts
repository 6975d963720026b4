// The messages of version 1: `{ __clusterphone: { ns, cmd, seq, payload } }`, and `{ ns, ack, reply, error }` back.
// What a peer sent is read here, and nothing is trusted.

import { MOST_NAME } from "../errors/check.ts";
import type { WireError } from "../wire/error-encoder.ts";
import type { WireFailure } from "../wire/remote-error.ts";
import {
  HANDLER_THREW,
  isAboutNamespace,
  placesIn,
  UNHANDLED,
  UNKNOWN_NAMESPACE,
} from "./errors.ts";

const KEY = "__clusterphone";

/** The namespace in which the processes themselves talk. */
export const INTERNAL = "clusterphone";

/** What a worker says in it when a namespace of its listens. */
export const WORKER_READY = "workerReady";

/** Version 1 counts from 1, for each namespace. Above it are the numbers of what this version sends. */
export const OURS: number = 2 ** 33;
/** All numbers are below it. */
export const SEQUENCES: number = 2 ** 34;

/** A message for a handler. */
export interface V1Event {
  readonly ns: string;
  readonly cmd: string;
  readonly seq: number;
  readonly payload?: unknown;
}

/** The acknowledgement of one. */
export interface V1Ack {
  readonly ns: string;
  readonly ack: number;
  readonly reply?: unknown;
  readonly error?: unknown;
}

/** A message as it crosses the channel. */
export function v1Message(body: V1Event | V1Ack): object {
  return { [KEY]: body };
}

/** The body of a message of version 1; `undefined` if a message on the channel is none. */
export function v1BodyOf(message: unknown): { readonly body: unknown } | undefined {
  if (typeof message !== "object" || message === null || !Object.hasOwn(message, KEY)) {
    return undefined;
  }
  return { body: (message as Record<string, unknown>)[KEY] };
}

/** Reads a body. Throws a `TypeError` for what version 1 never sends. */
export function readV1(body: unknown): V1Event | V1Ack {
  if (typeof body !== "object" || body === null) throw new TypeError("no message of version 1");
  const { ns, cmd, seq, ack, payload, reply, error } = body as Record<string, unknown>;
  if (!isName(ns)) throw new TypeError("no namespace");
  if (ack) {
    if (!isSequence(ack)) throw new TypeError("an acknowledgement of nothing");
    return { ns, ack, reply, error };
  }
  if (!isName(cmd) || !isSequence(seq)) throw new TypeError("no command, or no number");
  return { ns, cmd, seq, payload };
}

/** A name of a namespace or a command. */
export function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MOST_NAME;
}

function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0 && (value as number) < SEQUENCES;
}

/** What version 1 said went wrong, as a failure of ours. */
export function failureOf(error: unknown): WireFailure {
  if (error === UNKNOWN_NAMESPACE || error === UNHANDLED) {
    return { code: "ERR_UNHANDLED", executed: "no", message: error };
  }
  const { msg, origMessage, origStack } = error as Record<string, unknown>;
  const message = typeof msg === "string" ? msg : String(error).slice(0, MOST_NAME);
  const original = typeof origMessage === "string" ? origMessage : message;
  const cause: WireError = {
    name: "Error",
    message: original,
    stack: `Error: ${original}\n${typeof origStack === "string" ? origStack : ""}`,
  };
  return { code: "ERR_REMOTE", executed: "yes", message, cause: [cause] };
}

/** A failure of ours, as version 1 says what went wrong. */
export function errorOf({ code, message, cause }: WireFailure): unknown {
  if (code === "ERR_UNHANDLED") return isAboutNamespace(message) ? UNKNOWN_NAMESPACE : UNHANDLED;
  const [first] = cause ?? [];
  if (code !== "ERR_REMOTE" || !first) return message;
  const origMessage = first.message;
  return { msg: HANDLER_THREW + origMessage, origMessage, origStack: placesIn(first.stack) };
}
