import { BusError } from "../errors/bus-error.ts";
import type { Stage } from "../message/outbound.ts";
import type { Deadlines, Expiring } from "../time/deadlines.ts";
import { UNKNOWN_NAMESPACE } from "./errors.ts";

/** So long after it came online the other side may open its namespaces, in ms. */
export const TIME_TO_OPEN = 1000;
/** What is sent later waits so long, in ms: word of a namespace that has just opened may be on its way. */
const ON_ITS_WAY = 100;

/** What is asked of a message that somebody waits for. */
interface UnopenedMessage {
  readonly peer: { readonly id: string; isReady(namespace: string): boolean };
  readonly namespace: string;
  readonly event: string;
  readonly stage: Stage;
  /** In texts. */
  readonly name: string;
  fail(error: BusError): void;
}

/**
 * Messages for namespaces that the other side has not opened. Version 1 answered at once that it does not know one; here
 * whoever came online has a moment to open all of its own.
 */
export class Unopened {
  readonly #deadlines: Deadlines;
  /** When the other sides came online, in ms of this process, by the id of the peer. */
  readonly #online = new Map<string, number>();
  readonly #waiting = new Map<string, Set<Waiting>>();

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines;
  }

  /** A message has somebody who waits for it. Returns what to call when it has settled. */
  add(message: UnopenedMessage): () => void {
    const { id } = message.peer;
    const waiting = new Waiting(message);
    const online = this.#online.get(id);
    if (online !== undefined) {
      const left = online + TIME_TO_OPEN - performance.now();
      this.#deadlines.add(waiting, Math.max(left, ON_ITS_WAY));
      return () => this.#deadlines.remove(waiting);
    }
    const all = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, all.add(waiting));
    return () => {
      this.#deadlines.remove(waiting);
      if (all.delete(waiting) && all.size === 0) this.#waiting.delete(id);
    };
  }

  /** The other side has told of a namespace, or shown in another way that it is there. */
  online(id: string): void {
    if (this.#online.has(id)) return;
    this.#online.set(id, performance.now());
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    for (const each of waiting) this.#deadlines.add(each, TIME_TO_OPEN);
    waiting.clear();
  }

  /** The other side is gone; its messages have settled. */
  down(id: string): void {
    this.#online.delete(id);
  }
}

/** A message that fails when the time is over, unless its namespace is open by then. */
class Waiting implements Expiring {
  // They belong to `Deadlines`.
  bucket = 0;
  earlier: Expiring | undefined = undefined;
  later: Expiring | undefined = undefined;

  readonly #message: UnopenedMessage;

  constructor(message: UnopenedMessage) {
    this.#message = message;
  }

  expire(): void {
    const { peer, namespace, stage, name, event } = this.#message;
    if (peer.isReady(namespace) || (stage !== "chain" && stage !== "parked")) return;
    const text = `${UNKNOWN_NAMESPACE} ${name} was not sent: nothing there has opened "${namespace}"`;
    this.#message.fail(new BusError("ERR_UNHANDLED", text, { about: { event, namespace, peer } }));
  }
}
