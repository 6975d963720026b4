import { EventEmitter } from "eventemitter3";
import { type BusError, stackOf } from "../errors/bus-error.ts";
import type { Message } from "../message/message.ts";
import type { Peer } from "../message/peer.ts";
import { outside, tellOutside } from "../time/context.ts";

/** After so many no event is warned of any more: names may be made up without end. */
const MOST_WARNINGS = 100;

/** The local events of a bus. No peer can emit one. */
export interface LifecycleEvents {
  /** A peer's bus has said hello. */
  up: (peer: Peer) => void;
  /** A namespace of a peer takes messages from now on. */
  ready: (peer: Peer, namespace: string) => void;
  /** A peer is gone; the error says why. */
  down: (peer: Peer, error: BusError) => void;
  /** A message failed, here, and nobody had asked for its ack. */
  undelivered: (error: BusError, message: Message) => void;
  /** Something that no bus of this version sends came over a link; it was ignored. */
  protocolError: (error: BusError, peer: Peer) => void;
}

/** Warns as Node does, on behalf of nobody. */
export function warn(text: string, code: string, detail?: string): void {
  const options = { type: "ClusterphoneWarning", code, ...(detail && { detail }) };
  outside(process.emitWarning as (text: string, options: object) => void, process, text, options);
}

/** Tells the listeners of `bus.lifecycle`, in no asynchronous context: not even that of whose message failed. */
export class Lifecycle {
  readonly emitter: EventEmitter<LifecycleEvents> = new EventEmitter<LifecycleEvents>();
  /** Events with their codes that have been warned of because nobody listens to `undelivered`. */
  readonly #warned = new Set<string>();

  /** A listener that throws disturbs nothing of the bus: it is an uncaught exception of its own. */
  tell<Event extends keyof LifecycleEvents>(
    event: Event,
    ...parameters: Parameters<LifecycleEvents[Event]>
  ): boolean {
    if (this.emitter.listenerCount(event) === 0) return false;
    tellOutside(() => this.emitter.emit(event, ...(parameters as never)));
    return true;
  }

  /** A failure that nobody has been told of: if nobody listens here either, the first of each event and code is a warning. */
  report(error: BusError, message: Message): void {
    if (this.tell("undelivered", error, message)) return;
    const what = `${error.code} ${message.namespace} ${message.event}`;
    if (this.#warned.has(what) || this.#warned.size >= MOST_WARNINGS) return;
    this.#warned.add(what);
    const hint =
      'Listen to bus.lifecycle "undelivered" to see every one; this warning appears once for each event and code.';
    const stack = stackOf(error.cause);
    const detail = stack === undefined ? hint : `${hint}\n${stack}`;
    warn(error.message, error.code, detail);
  }
}
