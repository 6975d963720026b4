import type { MessagePort } from "node:worker_threads";

/** How often it is looked, in ms, whether others still listen. */
const LOOK_EVERY = 50;

/** A port as it is; Node's types leave some of it out, and not every runtime has that. */
interface Port extends Omit<MessagePort, "addEventListener"> {
  hasRef?(): boolean;
  addEventListener?: (...parameters: unknown[]) => void;
}

/**
 * Sees to it that a port with a listener of ours keeps the process alive as it would without. Node holds a port from its
 * first 'message' listener to its last, and tells nobody of those between. What the user says, by `ref()` or
 * `unref()`, is the last word, whenever he says it.
 */
export class PortOwner {
  readonly #port: Port;
  /** Told when others begin to listen. */
  readonly #onListener: () => void;
  #ours = 0;
  #othersListen = false;
  /** The bus has a reason to hold it. */
  #isHeld = false;
  /** Whether the port is held, as far as that is our doing or Node's. */
  #isKept = false;
  #isUsersWord = false;
  #add: Port["addEventListener"];
  #looking: NodeJS.Timeout | undefined;

  constructor(port: MessagePort, onListener: () => void) {
    this.#port = port as Port;
    this.#onListener = onListener;
  }

  /** Whether others listen. */
  get othersListen(): boolean {
    return this.#port.listenerCount("message") > this.#ours;
  }

  /** Adds a listener of ours, which counts for nothing. */
  enter(listen: () => void): void {
    const port = this.#port;
    const { othersListen } = this;
    this.#isKept = port.hasRef?.() ?? othersListen;
    this.#isUsersWord = this.#isKept !== othersListen;
    listen();
    this.#ours = 1;
    if (!this.#isKept) port.unref();
    const { addEventListener } = port;
    // All ways to listen come by here.
    this.#add = (...parameters) => {
      addEventListener?.apply(port, parameters);
      if (parameters[0] !== "message") return;
      if (this.#ours > 0) {
        this.#look();
      } else {
        this.#restore();
        process.nextTick(this.#onListener);
      }
    };
    Object.defineProperty(port, "addEventListener", { value: this.#add, configurable: true });
    this.#look();
  }

  /** Removes it. The port is left as those who still use it want it; with `waits`, the first to listen is still told of. */
  leave(unlisten: () => void, waits: boolean): void {
    const port = this.#port;
    clearInterval(this.#looking);
    if (!waits) this.#restore();
    this.hold(false);
    const isHeldByUser = this.#isUsersWord && port.hasRef?.();
    unlisten();
    this.#ours = 0;
    if (isHeldByUser) port.ref();
  }

  /** Whether the bus has a reason to keep the process alive. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#update();
  }

  /** A message that is not ours came: who listened for one only does not listen any more. */
  served(): void {
    if (this.#othersListen) process.nextTick(() => this.#look());
  }

  #restore(): void {
    if (this.#port.addEventListener === this.#add) delete this.#port.addEventListener;
  }

  #look(): void {
    const { othersListen } = this;
    if (this.#ours === 0 || othersListen === this.#othersListen) return;
    this.#othersListen = othersListen;
    this.#update();
    clearInterval(this.#looking);
    if (!othersListen) return;
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY).unref();
    process.nextTick(this.#onListener);
  }

  #update(): void {
    const port = this.#port;
    if ((port.hasRef?.() ?? this.#isKept) !== this.#isKept) this.#isUsersWord = true;
    const keeps = this.#isHeld || this.#othersListen;
    if (this.#isUsersWord || keeps === this.#isKept) return;
    if (keeps) port.ref();
    else port.unref();
    this.#isKept = keeps;
  }
}
