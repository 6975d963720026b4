import { EventEmitter } from "eventemitter3";
import { type BusError, stackOf } from "../errors/bus-error.ts";
import type { Message } from "../message/message.ts";
import type { Peer } from "../message/peer.ts";
import { outside } from "../time/context.ts";

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
export function warn(text: string, code: string, detail: string): void {
  const options = { type: "ClusterphoneWarning", code, detail };
  outside(process.emitWarning as (text: string, options: object) => void, process, text, options);
}

/** Tells the listeners of `bus.lifecycle`, in no asynchronous context: not even that of whose message failed. */
export class Lifecycle {
  readonly emitter: EventEmitter<LifecycleEvents> = new EventEmitter<LifecycleEvents>();
  /** Codes that have been warned of because nobody listens to `undelivered`. */
  readonly #warned = new Set<string>();

  /** A listener that throws disturbs nothing of the bus: it is an uncaught exception of its own. */
  tell<Event extends keyof LifecycleEvents>(
    event: Event,
    ...parameters: Parameters<LifecycleEvents[Event]>
  ): boolean {
    if (this.emitter.listenerCount(event) === 0) return false;
    outside(this.#tell, this, event, parameters);
    return true;
  }

  #tell(event: keyof LifecycleEvents, parameters: unknown[]): void {
    try {
      this.emitter.emit(event, ...(parameters as never));
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  /** A failure that nobody has been told of: if nobody listens here either, the first of each code is a warning. */
  report(error: BusError, message: Message): void {
    if (this.tell("undelivered", error, message)) return;
    if (this.#warned.has(error.code)) return;
    this.#warned.add(error.code);
    const hint =
      'Listen to bus.lifecycle "undelivered" to see every one; this warning appears once for each code.';
    const stack = stackOf(error.cause);
    const detail = stack === undefined ? hint : `${hint}\n${stack}`;
    warn(error.message, error.code, detail);
  }
}
