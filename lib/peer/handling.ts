import type { BusError } from "../errors/bus-error.ts";
import type { InboundEvent } from "../message/inbound-event.ts";
import type { Host } from "./host.ts";

/** The events of a peer whose listeners, or layers, have not settled, by the peer's id. */
export class Running {
  readonly #host: Host;
  readonly #byId = new Map<number, InboundEvent>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Runs an event through the chain to its listeners. */
  start(event: InboundEvent): void {
    if (this.#host.receiveEvent(event)) this.#byId.set(event.id, event);
  }

  end(event: InboundEvent): void {
    if (this.#byId.size > 0) this.#byId.delete(event.id);
  }

  /** Whether there is any: of one namespace, or at all. */
  has(namespace?: string): boolean {
    if (namespace === undefined) return this.#byId.size > 0;
    return [...this.#byId.values()].some((event) => event.namespace === namespace);
  }

  abort(id: number, reason: BusError): void {
    this.#byId.get(id)?.abort(reason);
  }

  /** Nobody waits for any answer any more. */
  abortAll(reason: BusError): void {
    for (const event of this.#byId.values()) event.abort(reason);
    this.#byId.clear();
  }
}
