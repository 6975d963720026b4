/** Messages that are kept for a listener to come; beyond it they are dropped, as there has never been one. */
const MOST_KEPT = 1000;
/** How often an emitter that does not tell of new listeners is looked at (ms), while something is kept. */
const LOOK_EVERY = 20;

/** The part of an emitter this needs; Node's ports have no `newListener`. */
interface Listenable {
  on(event: string, listener: (...parameters: never[]) => void): unknown;
  off(event: string, listener: (...parameters: never[]) => void): unknown;
  emit(event: string, ...parameters: unknown[]): boolean;
  listenerCount(event: string): number;
}

/**
 * Other people's messages on a channel of ours. A channel hands its early messages to the first
 * listener, which may be us; so what is not ours is kept while nobody else listens,
 * and given to the first other listener, as Node itself would have done.
 */
export class ForeignMessages {
  readonly #emitter: Listenable;
  readonly #tellsNewListeners: boolean;
  #kept: unknown[][] = [];
  #ourListeners = 1;
  #looking: NodeJS.Timeout | undefined;

  constructor(emitter: Listenable, tellsNewListeners: boolean) {
    this.#emitter = emitter;
    this.#tellsNewListeners = tellsNewListeners;
    if (tellsNewListeners) emitter.on("newListener", this.#onNewListener);
  }

  /** Takes a message that is not ours. */
  take(...parameters: unknown[]): void {
    if (this.#emitter.listenerCount("message") > this.#ourListeners) {
      this.#deliver();
      return;
    }
    if (this.#kept.length < MOST_KEPT) this.#kept.push(parameters);
    if (!this.#tellsNewListeners) this.#look();
  }

  /** Our own listener is gone. What is kept waits on. */
  leave(): void {
    this.#ourListeners = 0;
    if (this.#kept.length === 0) this.#stop();
  }

  readonly #onNewListener = (event: string): void => {
    // After the listener has been added, and in the order of Node's own pending messages.
    if (event === "message" && this.#kept.length > 0) process.nextTick(() => this.#deliver());
  };

  #look(): void {
    this.#looking ??= setInterval(() => {
      if (this.#emitter.listenerCount("message") > this.#ourListeners) this.#deliver();
    }, LOOK_EVERY).unref();
  }

  #deliver(): void {
    const kept = this.#kept;
    if (this.#emitter.listenerCount("message") <= this.#ourListeners) return;
    this.#kept = [];
    clearInterval(this.#looking);
    this.#looking = undefined;
    if (this.#ourListeners === 0) this.#stop();
    for (const parameters of kept) this.#emitter.emit("message", ...parameters);
  }

  #stop(): void {
    clearInterval(this.#looking);
    if (this.#tellsNewListeners) this.#emitter.off("newListener", this.#onNewListener);
  }
}
