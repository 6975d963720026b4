import type { BusError } from "./errors.ts";
import type { Host } from "./host.ts";
import type { InboundEvent } from "./inbound.ts";
import { refusal } from "./refusal.ts";

/** The events of a peer whose listeners, or layers, have not settled, by the peer's id. */
export class Running {
  readonly #host: Host;
  readonly #byId = new Map<number, InboundEvent>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Runs an event through the chain to its listeners. */
  start(event: InboundEvent): void {
    try {
      const running = this.#host.receiveEvent(event);
      running?.catch((cause: unknown) => this.#failLate(event, cause));
      if (running && !event.isSettled) this.#byId.set(event.id, event);
    } catch (cause) {
      event.settle({ cause });
    }
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

  /** Whatever a layer throws at the wrong time ends as the failure of that message. */
  #failLate(event: InboundEvent, cause: unknown): void {
    if (event.isSettled) this.#host.report(refusal(event, "yes", { cause }), event);
    else event.settle({ cause });
  }
}
