import type { MessagePort } from "node:worker_threads";
import { native } from "../time/native.ts";

/** By these listeners come and go, whatever else was called for it. */
const METHODS = ["addEventListener", "removeEventListener", "removeAllListeners"] as const;

type Method = (...parameters: unknown[]) => unknown;

/** A port as it is; Node's types leave some of it out, and not every runtime has that. */
interface Port
  extends Omit<MessagePort, "addEventListener" | "removeEventListener" | "removeAllListeners"> {
  hasRef?(): boolean;
  addEventListener?: Method;
  removeEventListener?: Method;
  removeAllListeners?: Method;
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
  /** Listeners of ours come and go. */
  #isMoving = false;
  /** What stands before methods of the port, to see who listens. */
  readonly #hooks = new Map<string, PropertyDescriptor>();

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
    this.#hook();
    this.#look();
  }

  /** Removes it. The port is left as those who still use it want it; with `waits`, the first to listen is still told of. */
  leave(unlisten: () => void, waits: boolean): void {
    const port = this.#port;
    if (!waits) this.#restore();
    this.hold(false);
    const isHeldByUser = this.#isUsersWord && port.hasRef?.();
    this.#isMoving = true;
    unlisten();
    this.#isMoving = false;
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
    if (this.#othersListen) native.nextTick(() => this.#look());
  }

  #hook(): void {
    const port = this.#port;
    for (const name of METHODS) {
      const method = port[name];
      if (!method) continue;
      const value: Method = (...parameters) => {
        const returned = method.apply(port, parameters);
        this.#look();
        return returned;
      };
      this.#place(name, { value, writable: true });
    }
    const { get, set } = inherited(port, "onmessage") ?? {};
    if (!set) return;
    this.#place("onmessage", {
      get: () => get?.call(port) as unknown,
      set: (listener: unknown) => {
        set.call(port, listener);
        this.#look();
      },
    });
  }

  #place(name: string, hook: PropertyDescriptor): void {
    this.#hooks.set(name, hook);
    Object.defineProperty(this.#port, name, { ...hook, configurable: true });
  }

  /** Somebody else may stand before them by now. */
  #restore(): void {
    for (const [name, hook] of this.#hooks) {
      const { value, set } = Object.getOwnPropertyDescriptor(this.#port, name) ?? {};
      if (value === hook.value && set === hook.set) delete (this.#port as object as Hooked)[name];
    }
    this.#hooks.clear();
  }

  /** Sees whether others listen, and tells of it where that has changed. */
  #look(): void {
    if (this.#isMoving) return;
    const { othersListen } = this;
    if (this.#ours === 0) {
      if (!othersListen || this.#hooks.size === 0) return;
      this.#restore();
      native.nextTick(this.#onListener);
      return;
    }
    if (othersListen === this.#othersListen) return;
    this.#othersListen = othersListen;
    this.#update();
    if (othersListen) native.nextTick(this.#onListener);
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

type Hooked = Record<string, unknown>;

function inherited(object: object, name: string): PropertyDescriptor | undefined {
  for (
    let each: object | null = object;
    each;
    each = Object.getPrototypeOf(each) as object | null
  ) {
    const descriptor = Object.getOwnPropertyDescriptor(each, name);
    if (descriptor) return descriptor;
  }
  return undefined;
}
