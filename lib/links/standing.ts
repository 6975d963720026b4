import { native } from "../time/native.ts";

/** What an emitter tells, whatever it is. */
export type AnyListener = (...parameters: never[]) => void;

/** Tells of errors without counting as somebody who handles them. */
export function errorMonitor(): symbol {
  return process.getBuiltinModule("node:events").errorMonitor;
}

/** The part of an emitter this needs. */
interface Emitter {
  on(event: string, listener: AnyListener): unknown;
  off(event: string | symbol, listener: AnyListener): unknown;
  prependListener(event: string | symbol, listener: AnyListener): unknown;
  listeners(event: string | symbol): unknown[];
  rawListeners(event: string | symbol): unknown[];
}

/** What is told of listeners. */
export interface StandingEvents {
  /** Somebody adds one, in a moment. */
  adding?(event: string | symbol): void;
  /** One of ours was added, or removed by whomever, and the emitter has told its owner so. */
  ours?(event: string | symbol, isAdded: boolean): void;
}

/**
 * Listeners of ours among others on an emitter that is not ours. They come first, also when somebody prepends his, so that
 * neither what another one throws nor a `once` that has just been served stands between. And they stay: who removes all listeners
 * means to be rid of his own, and what the channel tells next would be lost.
 */
export class StandingListeners {
  readonly #emitter: Emitter;
  readonly #listeners: readonly (readonly [event: string | symbol, listener: AnyListener])[];
  readonly #events: StandingEvents;
  /** The emitter tells of its listeners, Node's own among those who hear. Who removes every listener there is ends that. */
  #isTold = true;
  #isPlacing = false;
  #isRemoved = false;
  /** Those that were passed once; who insists on being first may be. */
  readonly #passed = new WeakSet<object>();

  constructor(
    emitter: object,
    listeners: readonly (readonly [string | symbol, AnyListener])[],
    events: StandingEvents = {},
  ) {
    this.#emitter = emitter as Emitter;
    this.#listeners = listeners;
    this.#events = events;
  }

  /** Adds them. */
  place(): void {
    this.#emitter.on("newListener", this.#onAdding);
    this.#emitter.on("removeListener", this.#onRemoved);
    for (const [event, listener] of this.#listeners) this.#add(event, listener);
  }

  remove(): void {
    this.#isRemoved = true;
    this.#emitter.off("newListener", this.#onAdding);
    for (const [event, listener] of this.#listeners) this.#emitter.off(event, listener);
    this.#emitter.off("removeListener", this.#onRemoved);
  }

  /** Adds those again that somebody has removed. */
  #replace(): void {
    this.#isPlacing = false;
    if (this.#isRemoved) return;
    if (!this.#has("removeListener", this.#onRemoved)) {
      this.#isTold = false;
      this.#emitter.on("removeListener", this.#onRemoved);
    }
    if (!this.#has("newListener", this.#onAdding)) this.#emitter.on("newListener", this.#onAdding);
    for (const [event, listener] of this.#listeners) {
      if (!this.#has(event, listener)) this.#add(event, listener);
      else if (this.#passes(event, listener)) this.#move(event, listener);
    }
  }

  /** Whether somebody has come before it. */
  #passes(event: string | symbol, listener: AnyListener): boolean {
    const first = this.#emitter.rawListeners(event)[0] as object;
    if (first === listener || this.#passed.has(first)) return false;
    this.#passed.add(first);
    return true;
  }

  #move(event: string | symbol, listener: AnyListener): void {
    this.#isPlacing = true;
    this.#emitter.off(event, listener);
    this.#isPlacing = false;
    this.#add(event, listener);
  }

  #replaceSoon(): void {
    if (this.#isRemoved || this.#isPlacing) return;
    this.#isPlacing = true;
    native.nextTick(() => this.#replace());
  }

  #add(event: string | symbol, listener: AnyListener): void {
    this.#emitter.prependListener(event, listener);
    if (this.#isTold) this.#events.ours?.(event, true);
  }

  #has(event: string | symbol, listener: AnyListener): boolean {
    return this.#emitter.listeners(event).includes(listener);
  }

  readonly #onAdding = (event: string | symbol, added: unknown): void => {
    this.#events.adding?.(event);
    if (this.#listeners.some(([ours, each]) => ours === event && each !== added)) {
      this.#replaceSoon();
    }
  };

  readonly #onRemoved = (event: string | symbol, listener: unknown): void => {
    const isOne = this.#listeners.some(([ours, each]) => ours === event && each === listener);
    if (isOne && this.#isTold) this.#events.ours?.(event, false);
    if (isOne || listener === this.#onAdding) this.#replaceSoon();
  };
}
