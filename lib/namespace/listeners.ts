import { EventEmitter } from "eventemitter3";
import { isThenable } from "../chain/run.ts";
import { asError, BusError } from "../errors/bus-error.ts";
import { namesOf } from "../errors/names.ts";
import type { InboundEvent } from "../message/inbound-event.ts";
import type { Message } from "../message/message.ts";

/** A listener, whatever its types are outside. */
export type AnyListener = (data: unknown, message: Message) => unknown;

/** Called when there may be more or fewer listeners: they keep the process alive. */
type OnChange = () => void;

/** What EventEmitter3 calls for every listener, which is its context. */
type Collect = (this: AnyListener, message: InboundEvent) => void;

/** Finds listeners that are kept elsewhere, as classic's handlers are. */
export interface Finder {
  find(event: string): AnyListener | undefined;
  /** The events that it finds a listener for, as far as that can be told. */
  events(): readonly string[];
}

/** What a listener threw or rejected with, among the results of others. */
class Failure {
  readonly #error: Error;

  constructor(thrown: unknown) {
    this.#error = asError(thrown);
  }

  get error(): Error {
    return this.#error;
  }

  /** Asks nothing of the result: it may be a Proxy that throws. */
  static is(result: unknown): result is Failure {
    return typeof result === "object" && result !== null && #error in result;
  }
}

function isSomething(result: unknown): boolean {
  return result !== undefined;
}

/** The listeners of a namespace: an EventEmitter3 whose listeners answer. */
export class Listeners {
  readonly #emitter = new EventEmitter<Record<string, Collect>>();
  /** An emitter throws away what listeners return, so this one runs them, and keeps it. */
  readonly #collect: Collect;
  readonly #onChange: OnChange;
  #hasOnce = false;
  /** What the listeners of one event have returned, in the order of registration; the first by itself, as most have no other. */
  #first: unknown = undefined;
  #others: unknown[] | undefined;
  #count = 0;
  /** One of them settles later. */
  #waits = false;
  /** One of them has failed. */
  #fails = false;
  /** Is asked once more for each event, after those that were added here. */
  finder: Finder | undefined = undefined;

  constructor(onChange: OnChange) {
    this.#onChange = onChange;
    const take = (message: InboundEvent, listener: AnyListener) => this.#take(message, listener);
    this.#collect = function collect(message) {
      take(message, this);
    };
  }

  on(event: string, listener: AnyListener): void {
    this.#emitter.on(event, this.#collect, listener);
    this.#onChange();
  }

  once(event: string, listener: AnyListener): void {
    this.#emitter.once(event, this.#collect, listener);
    this.#hasOnce = true;
    this.#onChange();
  }

  /** Removes a listener from an event, or all of the event's. */
  off(event: string, listener?: AnyListener): void {
    if (listener === undefined) this.#emitter.removeAllListeners(event);
    else this.#emitter.off(event, this.#collect, listener);
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

  /** Runs all listeners of the event; once they have settled, `message.reply` or `message.error` is set. */
  dispatch(message: InboundEvent): Promise<void> | undefined {
    message.startListening();
    const found = this.finder?.find(message.event);
    const before = this.#hasOnce ? this.#emitter.listenerCount(message.event) : 0;
    const heard = this.#emitter.emit(message.event, message) || found !== undefined;
    if (found) this.#take(message, found);
    // The last one of the event may have been there for once.
    if (before > 0 && this.#emitter.listenerCount(message.event) === 0) this.#onChange();
    if (heard) return this.#conclude(message);
    message.decline(
      new BusError(
        "ERR_UNHANDLED",
        `"${message.event}" has no listener in namespace "${message.namespace}"; ${this.#heard()}`,
        { about: message },
      ),
    );
    return undefined;
  }

  /** What is listened to, in words. */
  #heard(): string {
    const found = this.finder?.events() ?? [];
    const events = [...new Set([...this.#emitter.eventNames(), ...found])];
    return `it listens to ${events.length === 0 ? "nothing" : namesOf(events)}`;
  }

  /** Runs one listener. Its failure is kept for the ack and disturbs no other. */
  #take(message: InboundEvent, listener: AnyListener): void {
    // Taken before it runs: it may be the cause of another event, whose results are not these.
    const first = this.#first;
    const others = this.#others;
    const count = this.#count;
    let waits = this.#waits;
    let fails = this.#fails;
    this.#first = this.#others = undefined;
    this.#count = 0;
    this.#waits = this.#fails = false;
    let result: unknown;
    try {
      result = message.run(listener);
      if (isThenable(result)) waits = true;
    } catch (thrown) {
      result = new Failure(thrown);
      fails = true;
    }
    this.#first = count === 0 ? result : first;
    this.#others = count === 0 ? undefined : [...(others ?? []), result];
    this.#count = count + 1;
    this.#waits = waits;
    this.#fails = fails;
  }

  /** Tells the event what was returned; at once if no listener is asynchronous. */
  #conclude(message: InboundEvent): Promise<void> | undefined {
    const first = this.#first;
    const others = this.#others;
    const waits = this.#waits;
    const fails = this.#fails;
    this.#first = this.#others = undefined;
    this.#count = 0;
    this.#waits = this.#fails = false;
    if (!waits) {
      endListening(message, first, others, fails);
      return undefined;
    }
    const results = [first, ...(others ?? [])].map((result) =>
      Promise.resolve(result).catch((thrown: unknown) => new Failure(thrown)),
    );
    return Promise.all(results).then(([one, ...more]) => endListening(message, one, more, true));
  }
}

/** The reply is that of the first listener that returned something; if one failed, there is its error instead. */
function endListening(
  message: InboundEvent,
  first: unknown,
  others: readonly unknown[] | undefined,
  mayFail: boolean,
): void {
  const failure = mayFail ? [first, ...(others ?? [])].find(Failure.is) : undefined;
  message.endListening(isSomething(first) ? first : others?.find(isSomething), failure?.error);
}
