import type { Worker } from "node:cluster";
import { placesIn } from "./errors.ts";
import type { Copies } from "./translator.ts";
import type { Handler } from "./types.ts";
import { failureOf, INTERNAL, isName, type V1Ack } from "./v1.ts";
import type { Workers } from "./workers.ts";

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
type MessageBus = (this: unknown, message: unknown, fd: unknown) => void;

/** Where the copies of version 1 in a process find each other. */
interface Shared {
  version?: string;
  messageBus?: MessageBus;
  /** The name it had up to 0.1. */
  messageHandler?: MessageBus;
  namespaces: Record<string, Entry>;
  workerDataAccessor: PropertyKey;
}

/** Only what comes before counts of it: the highest version's `messageBus` serves all. */
const VERSION = "2.0.0";

/** The namespaces of all copies in this process, and what joins them. */
export class Nucleus implements Copies {
  readonly #shared: Shared;
  readonly #workers: Workers;
  /** The links whose messages are taken by a translator. */
  readonly #served = new Set<string>();
  readonly #own = new Set<Entry>();

  /** `listen` is called for each namespace of a copy of version 1, those there are and those to come. */
  constructor(workers: Workers, listen: (name: string, entry: Entry) => void) {
    this.#workers = workers;
    const place = process as { __clusterphone?: Shared };
    place.__clusterphone ??= { namespaces: {}, workerDataAccessor: Symbol("clusterphone") };
    this.#shared = place.__clusterphone;
    this.#takeOver();
    const { namespaces } = this.#shared;
    for (const [name, entry] of Object.entries(namespaces)) this.#follow(name, entry, listen);
    watchNames(namespaces, (name, entry) => this.#follow(name, entry, listen));
  }

  get(name: string): Entry | undefined {
    const { namespaces } = this.#shared;
    return Object.hasOwn(namespaces, name) ? namespaces[name] : undefined;
  }

  /** Adds a namespace that classic has opened. */
  add(name: string, entry: Entry): void {
    this.#own.add(entry);
    define(this.#shared.namespaces, name, entry);
  }

  /** Whether classic has opened it, not a copy of version 1. */
  owns(name: string): boolean {
    const entry = this.get(name);
    return entry !== undefined && this.#own.has(entry);
  }

  // What a translator asks.

  acknowledge(link: string, { ns, ack, reply, error }: V1Ack): void {
    const receiver = link === "parent" ? process : this.#workers.get(link);
    const pending = receiver && this.get(ns)?.getPending?.call(receiver, ack);
    if (!pending?.[0].monitored) return;
    const [resolve, reject] = pending;
    if (!error) {
      resolve(reply);
      return;
    }
    const { message, cause: [cause] = [] } = failureOf(error);
    const origin = cause && { origMessage: cause.message, origStack: placesIn(cause.stack) };
    reject(Object.assign(new Error(message), origin));
  }

  workerReady(link: string, namespace: string): void {
    const worker = this.#workers.get(link);
    if (worker) this.get(namespace)?.workerReady?.(worker);
  }

  hasAnnounced(namespace: string): boolean {
    return this.get(namespace) !== undefined && !this.owns(namespace);
  }

  isLate(link: string): boolean {
    const { state } = (this.#workers.get(link) ?? {}) as { state?: string };
    return state !== undefined && state !== "none";
  }

  serve(link: string, isServed: boolean): void {
    if (isServed) this.#served.add(link);
    else this.#served.delete(link);
  }

  /** What the copies of version 1 hear is heard by our links already; without them whoever served before does. */
  #takeOver(): void {
    const shared = this.#shared;
    const before = shared.messageBus ?? shared.messageHandler;
    const served = this.#served;
    const messageBus: MessageBus = function messageBus(message, fd) {
      const link = this === process ? "parent" : `worker:${(this as Worker).id}`;
      if (!served.has(link)) before?.call(this, message, fd);
    };
    Object.assign(shared, { version: VERSION, messageBus, messageHandler: messageBus });
  }

  #follow(name: string, entry: Entry, listen: (name: string, entry: Entry) => void): void {
    if (name !== INTERNAL && isName(name) && !this.#own.has(entry)) listen(name, entry);
  }
}

/**
 * Tells of names that are new in a record. Somebody else adds them, by plain assignment: an assignment of what
 * is not there yet asks the prototype.
 */
function watchNames(record: Record<string, Entry>, tell: (name: string, entry: Entry) => void) {
  const watcher = new Proxy(Object.prototype, {
    get: (target, key) => (key === "hasOwnProperty" ? target.hasOwnProperty : undefined),
    set(_target, name, entry, receiver) {
      define(receiver as object, name, entry);
      if (receiver === record) tell(String(name), entry as Entry);
      return true;
    },
  });
  Object.setPrototypeOf(record, watcher);
}

/** Defined, not assigned: `__proto__` is a name like any other. */
function define(record: object, name: PropertyKey, value: unknown): void {
  Object.defineProperty(record, name, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}
