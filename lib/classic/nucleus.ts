import type { Worker } from "node:cluster";
import type { Handler } from "./types.ts";

/** A namespace in `process.__clusterphone`, as all versions see it. */
export interface Entry {
  readonly interface: {
    readonly name?: string;
    handlers?: Record<string, Handler>;
    ackTimeout?: number;
  };
  /** What version 1 has sent and waits for: called on a worker, or on `process`. */
  getPending?(this: unknown, seq: number): Pending | undefined;
  /** A worker's namespace listens. */
  workerReady?(worker: Worker): void;
}

/** How a receipt of version 1 is settled; only one that is monitored has somebody waiting. */
export type Pending = readonly [
  resolve: ((reply: unknown) => void) & { readonly monitored?: boolean },
  reject: (error: Error) => void,
];

/** Takes a message that came over a channel; called on a worker, or on `process`. */
export type MessageBus = (this: unknown, message: unknown, fd: unknown) => void;

/** Where the copies of version 1 in a process find each other. */
interface Shared {
  version?: string;
  messageBus?: MessageBus;
  /** The name it had up to 0.1. */
  messageHandler?: MessageBus;
  namespaces: Record<string, Entry>;
  workerDataAccessor: PropertyKey;
}

/** The namespaces of all copies in this process. */
export class Nucleus {
  readonly #shared: Shared = { namespaces: {}, workerDataAccessor: Symbol("clusterphone") };

  get(name: string): Entry | undefined {
    const { namespaces } = this.#shared;
    return Object.hasOwn(namespaces, name) ? namespaces[name] : undefined;
  }

  add(name: string, entry: Entry): void {
    // Defined, not assigned: `__proto__` is a name like any other.
    Object.defineProperty(this.#shared.namespaces, name, {
      value: entry,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
}
