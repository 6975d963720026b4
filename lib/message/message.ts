import type { Handle } from "../wire/handle.ts";
import type { Peer } from "./peer.ts";

const neverAborts = new AbortController().signal;

/** Which way a message crosses the chain. */
export type Direction = "outbound" | "inbound";

/** An event, or the answer to one. */
export type Kind = "event" | "ack";

/** What has a place for middleware. */
export interface Stateful {
  readonly state: Record<PropertyKey, unknown>;
}

/**
 * What passes through the middleware and reaches the listeners. Every message crosses the chain
 * once on either side, and its ack does too.
 */
export abstract class Message {
  abstract readonly direction: Direction;
  abstract readonly kind: Kind;
  /** The bus at the other end. `bus.to(message.peer)` answers it with a message of its own. */
  readonly peer: Peer;
  readonly namespace: string;
  readonly event: string;
  /** The sender's number for the message; an ack has the number of what it answers. */
  readonly id: number;
  /** What was passed to `emit`; `undefined` on an ack. Middleware may replace it. */
  data: unknown;
  /**
   * Why there is no reply. On an inbound event after `await next()` it is what the listener threw (made an Error
   * if it was none); on an inbound ack it is a `BusError`.
   */
  error: Error | undefined = undefined;
  /** @internal The innermost layer that has been entered, for texts. */
  layer: { readonly name: string } | undefined = undefined;

  /** @internal A reply was set, be it `undefined`. */
  isReplied = false;

  #reply: unknown = undefined;
  #headers: Record<string, string> | undefined;
  #state: Record<PropertyKey, unknown> | undefined;

  /** @internal */
  constructor(
    peer: Peer,
    namespace: string,
    event: string,
    id: number,
    headers?: Record<string, string>,
  ) {
    this.peer = peer;
    this.namespace = namespace;
    this.event = event;
    this.id = id;
    this.#headers = headers;
  }

  /**
   * The answer: on an ack, and on an inbound event after `await next()`. Middleware may replace it. On an event, a
   * middleware that sets it and does not call `next()` answers in place of what is behind it, as a cache does.
   */
  get reply(): unknown {
    return this.#reply;
  }

  set reply(reply: unknown) {
    this.#reply = reply;
    this.isReplied = true;
  }

  /** Strings that travel with the message. An ack has headers of its own. */
  get headers(): Record<string, string> {
    this.#headers ??= Object.create(null) as Record<string, string>;
    return this.#headers;
  }

  /** A place for middleware. It stays in this process, and a message shares it with its ack. */
  get state(): Record<PropertyKey, unknown> {
    const { origin } = this;
    if (origin) return origin.state;
    this.#state ??= {};
    return this.#state;
  }

  /** @internal Of an ack the event that it answers, as this side knows it, or what is left of that. */
  get origin(): Stateful | undefined {
    return undefined;
  }

  /**
   * The handle that travels with the message. A listener that reads it takes it over, a middleware does not; what
   * no listener has taken by the time all have settled is destroyed.
   */
  get handle(): Handle | undefined {
    return undefined;
  }

  /** Aborts when the answer is of no use any more: the sender cancelled, timed out or died. */
  get signal(): AbortSignal {
    return neverAborts;
  }

  /** @internal */
  get hasHeaders(): boolean {
    return this.#headers !== undefined;
  }

  /** @internal The headers fit for the wire, if there are any. */
  sentHeaders(): Record<string, string> | undefined {
    const headers = this.#headers;
    if (!headers) return undefined;
    const names = Object.keys(headers);
    if (names.length === 0) return undefined;
    const sent = Object.create(null) as Record<string, string>;
    for (const name of names) sent[name] = String(headers[name]);
    return sent;
  }
}
