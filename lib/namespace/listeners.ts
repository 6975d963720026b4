import { EventEmitter } from "eventemitter3";
import { BusError } from "../errors/bus-error.ts";
import type { InboundEvent } from "../message/inbound-event.ts";
import type { Message } from "../message/message.ts";

/** A listener, whatever its types are outside. */
export type AnyListener = (data: unknown, message: Message) => unknown;

/** Called when there may be more or fewer listeners: they keep the process alive. */
type OnChange = () => void;

/** What EventEmitter3 calls: it runs the listener and keeps the result for the ack. */
type Collector = (message: InboundEvent) => void;

/** Finds a listener that is kept elsewhere, as classic's handlers are. */
export type Finder = (event: string) => AnyListener | undefined;

/** The listeners of a namespace: an EventEmitter3 whose listeners answer. */
export class Listeners {
  readonly #emitter = new EventEmitter<Record<string, Collector>>();
  /** One collector a listener, so that `off` finds what `on` added. */
  readonly #collectors = new WeakMap<AnyListener, Collector>();
  readonly #onChange: OnChange;
  #hasOnce = false;
  /** Is asked once more for each event, after those that were added here. */
  finder: Finder | undefined = undefined;

  constructor(onChange: OnChange) {
    this.#onChange = onChange;
  }

  on(event: string, listener: AnyListener): void {
    this.#emitter.on(event, this.#collectorOf(listener));
    this.#onChange();
  }

  once(event: string, listener: AnyListener): void {
    this.#emitter.once(event, this.#collectorOf(listener));
    this.#hasOnce = true;
    this.#onChange();
  }

  /** Removes a listener from an event, or all of the event's. */
  off(event: string, listener?: AnyListener): void {
    if (listener === undefined) this.#emitter.removeAllListeners(event);
    else if (this.#collectors.has(listener)) {
      this.#emitter.off(event, this.#collectorOf(listener));
    }
    this.#onChange();
  }

  clear(): void {
    this.finder = undefined;
    this.#emitter.removeAllListeners();
    this.#onChange();
  }

  get isEmpty(): boolean {
    return this.#emitter.eventNames().length === 0;
  }

  /** Runs all listeners of the event; then `message.reply` or `message.error` is set. */
  dispatch(message: InboundEvent): Promise<void> | undefined {
    message.reached = true;
    message.startListening();
    const found = this.finder?.(message.event);
    const heard = this.#emitter.emit(message.event, message) || found !== undefined;
    if (found) message.collect(found);
    if (this.#hasOnce) this.#onChange();
    message.hasRun = heard;
    if (heard) return message.conclude();
    message.decline(
      new BusError(
        "ERR_UNHANDLED",
        `"${message.event}" has no listener in namespace "${message.namespace}"`,
      ),
    );
    return undefined;
  }

  #collectorOf(listener: AnyListener): Collector {
    let collector = this.#collectors.get(listener);
    if (!collector) {
      collector = (message) => {
        message.collect(listener);
      };
      this.#collectors.set(listener, collector);
    }
    return collector;
  }
}
