import type { Handle } from "./handle.ts";
import { Flag, Item, type Meta, type WireItem } from "./protocol.ts";

/** An event, as its item tells of it. */
export interface TellableEvent {
  readonly id: number;
  readonly namespace: string;
  readonly event: string;
  readonly wantsAck: boolean;
  readonly handle: Handle | undefined;
  /** Milliseconds until it is of no use any more; `Infinity` where that was not set for it. */
  readonly remaining: number;
  readonly isCancellable: boolean;
  sentHeaders(): Record<string, string> | undefined;
}

/** The item of an event, without its data; with what had been read from its socket, as base64. */
export function eventItem(told: TellableEvent, unread: string | undefined): WireItem {
  const { id, namespace, event, remaining } = told;
  let head: number = Item.EVENT;
  if (told.wantsAck) head |= Flag.WANTS_ACK;
  if (told.handle) head |= Flag.HANDLE;
  const headers = told.sentHeaders();
  let meta: Meta | 0 = 0;
  if (headers || remaining !== Infinity || told.isCancellable || unread) {
    meta = {
      ...(headers && { h: headers }),
      ...(remaining !== Infinity && { d: Math.ceil(remaining) }),
      ...(told.isCancellable && { s: 1 }),
      ...(unread && { b: unread }),
    };
  }
  return [head, id, namespace, event, meta];
}
