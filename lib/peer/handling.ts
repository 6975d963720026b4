import { receive } from "../chain/receive.ts";
import { BusError } from "../errors/bus-error.ts";
import { type EventPeer, InboundEvent } from "../message/inbound-event.ts";
import type { Outbox } from "../outbox/outbox.ts";
import { outside } from "../time/context.ts";
import { type Handle, putBack } from "../wire/handle.ts";
import { type Arrival, isRun, readEvent, readEvents } from "../wire/items.ts";
import type { WireItem } from "../wire/protocol.ts";
import type { Host, Scope } from "./host.ts";

/** Milliseconds of a listener beside which what it takes to write a frame is little. */
const SLOW = 0.1;
/** A busy machine makes the listeners of a frame look slow, but not those of so many in a row. */
const SLOW_FRAMES = 3;

/** What is asked of the peer whose events are handled. */
interface HandlingPeer extends EventPeer {
  readonly outbox: Outbox;
}

/** The events of a peer whose listeners, or layers, have not settled, by the peer's id. */
export class Handling {
  readonly #host: Host;
  readonly #peer: HandlingPeer;
  readonly #byId = new Map<number, InboundEvent>();
  /** How long the frame that is being read was kept by its link, in ms: a deadline in it is so much nearer. */
  waited = 0;
  /** When the first event of the frame that is being read was begun; 0 where it has none so far. */
  #since = 0;
  /** So many frames in a row had listeners that took long. Then an answer leaves before the next of them runs, as somebody waits for it. */
  #slowFrames = 0;
  /** The event that a handle belongs to, and whether that came along: only one can be under way. */
  #handleOf: { readonly id: number; readonly arrived: boolean } | undefined;

  constructor(host: Host, peer: HandlingPeer) {
    this.#host = host;
    this.#peer = peer;
  }

  /** An item with an event, or a run of them. Returns whether the handle belongs to it. */
  receive(item: WireItem, handle: Handle | undefined): boolean {
    this.#since ||= performance.now();
    if (isRun(item)) {
      readEvents(item, this.start);
      return false;
    }
    const { arrival, unread, expectsHandle } = readEvent(item, handle, this.waited);
    if (expectsHandle) {
      this.#handleOf = { id: arrival.id, arrived: handle !== undefined };
      // The sender learns it by the check that follows; no listener runs.
      if (!handle) return false;
      if (unread !== undefined) putBack(handle, unread);
    }
    this.start(arrival);
    return expectsHandle;
  }

  /** Whether the handle of that event came along with it. */
  hasHandle(id: number): boolean {
    return this.#handleOf?.id === id && this.#handleOf.arrived;
  }

  /** The sender has given up, and with it the use of an answer. */
  cancel(id: number, isTimeout: boolean): void {
    const event = this.#byId.get(id);
    if (!event) return;
    const [code, text] = isTimeout
      ? (["ERR_ACK_TIMEOUT", "the sender's time for the answer is over"] as const)
      : (["ERR_CANCELLED", "the sender has cancelled the message"] as const);
    event.abort(new BusError(code, text, { about: event }));
  }

  /** A frame has been read, that had so many messages. */
  endFrame(count: number): void {
    if (this.#since === 0) return;
    if (performance.now() - this.#since > count * SLOW) this.#slowFrames++;
    else this.#slowFrames = 0;
    this.#since = 0;
  }

  end(event: InboundEvent): void {
    if (this.#byId.size > 0) this.#byId.delete(event.id);
  }

  /** Those of one namespace, or all. */
  of(scope?: Scope): InboundEvent[] {
    const all = [...this.#byId.values()];
    return scope === undefined ? all : all.filter((event) => event.namespace === scope);
  }

  /** The sender is gone: no answer would reach it. */
  abortAll(reason: BusError): void {
    for (const event of this.#byId.values()) event.abort(reason);
    this.#byId.clear();
  }

  /** Runs an event through the chain to the listeners of its namespace. */
  readonly start = (arrival: Arrival): void => {
    const event = new InboundEvent(this.#peer, arrival);
    const here = this.#host.local(event.namespace);
    event.standing = this.#host.state === "open" ? here.standing : "closed";
    if (receive(here.chains["inbound event"], event, here.dispatch)) {
      this.#byId.set(event.id, event);
    } else if (this.#slowFrames >= SLOW_FRAMES) {
      // All that has been read is handled before the end of this tick.
      const { outbox } = this.#peer;
      outside(outbox.flush, outbox);
    }
  };
}
