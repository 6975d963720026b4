import { BusError, type End, type ErrorCode } from "../errors/bus-error.ts";
import type { Peer } from "../message/peer.ts";
import type { Deadlines, Expiring } from "../time/deadlines.ts";
import type { Scope } from "./host.ts";
import type { Patience } from "./patience.ts";

/** What ends with an error when nothing goes to its peer any more: a message, or the wait for a namespace. */
export interface Obstructed {
  readonly namespace: string;
  cutOff(code: ErrorCode, reason: string, end?: End): BusError;
}

/** All that wait for namespaces of one peer to open; they keep the process alive, also for a child or thread that was let go. */
export class Openings implements Expiring {
  readonly #deadlines: Deadlines;
  readonly #patience: Patience;
  readonly #awaited = new Set<Opening>();

  // The place in the list of deadlines; it belongs to `Deadlines`.
  bucket = 0;
  earlier: Expiring | undefined = undefined;
  later: Expiring | undefined = undefined;

  constructor(deadlines: Deadlines, patience: Patience) {
    this.#deadlines = deadlines;
    this.#patience = patience;
  }

  /** The namespaces that are waited for. */
  get namespaces(): string[] {
    return [...this.#awaited].map(({ namespace }) => namespace);
  }

  add(opening: Opening): void {
    this.#awaited.add(opening);
    this.#patience.expectHello();
    // The link of a child or thread holds nobody: they do that themselves, until they are let go by `unref()`.
    if (this.#awaited.size === 1) this.#deadlines.add(this, Infinity);
  }

  remove(opening: Opening): void {
    this.#awaited.delete(opening);
    if (this.#awaited.size === 0) this.#deadlines.remove(this);
  }

  /** Ends the wait for what cannot open any more: of one namespace, or of all. */
  giveUp(obstacleOf: (opening: Opening) => BusError | undefined, scope?: Scope): void {
    for (const opening of this.#awaited) {
      const isMeant = scope === undefined || opening.namespace === scope;
      const obstacle = isMeant ? obstacleOf(opening) : undefined;
      if (obstacle) opening.fail(obstacle);
    }
  }

  expire(): void {
    // It has no time of its own.
  }
}

/** Who waits for a namespace of a peer to open. */
export class Opening implements Obstructed {
  readonly peer: Peer;
  readonly namespace: string;
  /** Where it is while somebody waits. */
  readonly #all: Openings;
  #promise: Promise<void> | undefined;
  #resolve: (() => void) | undefined;
  #reject: ((error: BusError) => void) | undefined;

  constructor(peer: Peer, namespace: string, all: Openings) {
    this.peer = peer;
    this.namespace = namespace;
    this.#all = all;
  }

  get isAwaited(): boolean {
    return this.#promise !== undefined;
  }

  /** Resolves when it opens. Rejects when it cannot any more. */
  wait(): Promise<void> {
    if (this.#promise) return this.#promise;
    const promise = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#promise = promise;
    this.#all.add(this);
    return promise;
  }

  /** It is open. */
  succeed(): void {
    this.#settle((resolve) => resolve());
  }

  /** It will not open. */
  fail(error: BusError): void {
    this.#settle((_, reject) => reject(error));
  }

  /** The error for who waits, when nothing comes from the peer any more. */
  cutOff(code: ErrorCode, reason: string, { exitCode, signal, cause }: End = {}): BusError {
    const text = `namespace "${this.namespace}" of ${this.peer.id} does not open: ${reason}`;
    return new BusError(code, text, { exitCode, signal, executed: "no", about: this, cause });
  }

  #settle(how: (resolve: () => void, reject: (error: BusError) => void) => void): void {
    const [resolve, reject] = [this.#resolve, this.#reject];
    if (!resolve || !reject) return;
    this.#promise = this.#resolve = this.#reject = undefined;
    this.#all.remove(this);
    how(resolve, reject);
  }
}
