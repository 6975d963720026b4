import { type BusError, isBusError, messageOf } from "../errors/bus-error.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import type { ClassicError } from "./types.ts";

export const UNKNOWN_NAMESPACE = "Unknown namespace.";
export const UNHANDLED = "Unhandled message type";
export const HANDLER_THREW = "Message handler threw an error: ";

/** The failure of a message in the words of version 1, for code that matches on them. Where it had none it stays as it is. */
export function inWordsOfV1(error: unknown, event: OutboundEvent): unknown {
  if (!isBusError(error)) return error;
  const text = textOf(error, event);
  if (text === undefined) return error;
  const { code, executed, cause } = error;
  return Object.assign(new Error(text, { cause: error }), {
    code,
    executed,
    ...(code === "ERR_REMOTE" && originOf(cause)),
  }) satisfies ClassicError;
}

function textOf({ code, message, cause }: BusError, event: OutboundEvent): string | undefined {
  const isUpward = event.peer.kind === "parent";
  if (code === "ERR_REMOTE") return HANDLER_THREW + messageOf(cause);
  if (code === "ERR_UNHANDLED") return isAboutNamespace(message) ? UNKNOWN_NAMESPACE : UNHANDLED;
  if (code === "ERR_PEER_DIED") {
    return `Undeliverable message: ${isUpward ? "master" : "worker"} died before we could get acknowledgement`;
  }
  if (code !== "ERR_ACK_TIMEOUT") return undefined;
  const { peer, namespace, id } = event;
  const isUnknown = peer.state === "up" && !peer.isReady(namespace);
  const whom = isUpward ? "master" : peer.id.replace(":", " ");
  return (
    `${isUnknown ? `${UNKNOWN_NAMESPACE} ` : ""}Timed out waiting for acknowledgement for message ` +
    `${event.event} with seq ${id} to ${whom} in namespace ${namespace}`
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
