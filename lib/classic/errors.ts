import { type BusError, isBusError, messageOf } from "../errors/bus-error.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import type { ClassicError } from "./types.ts";

export const UNKNOWN_NAMESPACE = "Unknown namespace.";
export const UNHANDLED = "Unhandled message type";
export const HANDLER_THREW = "Message handler threw an error: ";

/** What Node says of a handle of another kind; version 1 let it be heard. */
const WRONG_HANDLE = "This handle type cannot be sent";

/** What is asked of a message; one that was refused at the call has no more. */
export type SentEvent = Pick<
  OutboundEvent,
  "peer" | "namespace" | "event" | "name" | "stage" | "limit" | "disown" | "fail"
>;

/** Version 1's number of a message, for its namespace and peer, beside the message itself. */
export interface Numbered {
  readonly event: SentEvent;
  readonly sequence: number;
}

/** The failure of a message in the words of version 1, for code that matches on them. Where it had none it stays as it is. */
export function inWordsOfV1(error: unknown, message: Numbered): unknown {
  if (!isBusError(error)) return error;
  if (error.code === "ERR_NOT_SERIALIZABLE") return inWordsOfNode(error);
  const text = textOf(error, message);
  return text === undefined ? error : worded(Error, text, error);
}

/** What version 1 did not catch of the channel, or handed on: what cannot be encoded, and what is no handle. */
export function inWordsOfNode(error: unknown): unknown {
  if (!isBusError(error)) return error;
  const { code, cause } = error;
  if (code === "ERR_HANDLE_UNSUPPORTED") return worded(TypeError, WRONG_HANDLE, error);
  if (code !== "ERR_NOT_SERIALIZABLE") return error;
  return worded(cause instanceof TypeError ? TypeError : Error, messageOf(cause), error);
}

function worded(Class: ErrorConstructor, text: string, error: BusError): ClassicError {
  const { code, executed, cause } = error;
  return Object.assign(new Class(text, { cause: error }), {
    code,
    executed,
    ...(code === "ERR_REMOTE" && originOf(cause)),
  });
}

function textOf({ code, message, cause }: BusError, { event, sequence }: Numbered) {
  const isUpward = event.peer.kind === "parent";
  if (code === "ERR_REMOTE") return HANDLER_THREW + messageOf(cause);
  if (code === "ERR_UNHANDLED") return isAboutNamespace(message) ? UNKNOWN_NAMESPACE : UNHANDLED;
  if (code === "ERR_PEER_DIED") {
    return `Undeliverable message: ${isUpward ? "master" : "worker"} died before we could get acknowledgement`;
  }
  if (code !== "ERR_ACK_TIMEOUT") return undefined;
  const { peer, namespace } = event;
  const whom = isUpward ? "master" : peer.id.replace(":", " ");
  return (
    `Timed out waiting for acknowledgement for message ${event.event} with seq ${sequence} ` +
    `to ${whom} in namespace ${namespace}`
  );
}

/** Of what had no listener it was the namespace that nobody has opened. */
export function isAboutNamespace(message: string): boolean {
  return message.includes(UNKNOWN_NAMESPACE) || message.endsWith("is not open here");
}

/** What the handler threw: its message, and where. */
function originOf(thrown: unknown): { origMessage: string; origStack: string } {
  return {
    origMessage: messageOf(thrown),
    origStack: placesIn((thrown as { stack?: unknown }).stack),
  };
}

/** A stack without its first line. */
export function placesIn(stack: unknown): string {
  return typeof stack === "string" ? stack.split("\n").slice(1).join("\n") : "";
}
