import type { EmitOptions } from "../message/options.ts";
import type { Peer } from "../message/peer.ts";
import type { Route } from "../peer/route.ts";
import type { EmitArguments, EventMap, EventName, Maps, Reply, Untyped } from "./event-map.ts";
import { Receipt } from "./receipt.ts";

/** One namespace of one peer. */
export class Target<Outgoing extends EventMap<Outgoing> = Untyped> {
  declare protected readonly outgoing?: Maps<Outgoing>;
  /** The bus at the other end. */
  readonly peer: Peer;
  #route: Route;

  /** @internal */
  constructor(route: Route) {
    this.peer = route.peer;
    this.#route = route;
  }

  /**
   * Resolves when the namespace takes messages over there, at once if it does; `emit` need not wait for that. Rejects
   * with a `BusError` when it cannot be any more: the peer has gone, or one of the two sides closes. Until then it keeps
   * the process alive.
   */
  ready(): Promise<void> {
    this.#route = this.#route.current();
    return this.#route.whenReady();
  }

  /**
   * Sends a message. It never has to wait for the peer to be ready; it queues until then.
   *
   * Throws a `TypeError` for wrong arguments, and `ERR_HANDLE_NOT_READY` or `ERR_HANDLE_UNSUPPORTED` for a
   * handle that cannot be sent. Everything else is told by the receipt, or by
   * `lifecycle` if nobody asks it.
   */
  emit<Event extends EventName<Outgoing>>(
    event: Event,
    ...[data, options]: EmitArguments<Outgoing, Event, EmitOptions>
  ): Receipt<Reply<Outgoing, Event>> {
    this.#route = this.#route.current();
    return new Receipt(this.#route.send(event, data, options, Target.prototype.emit));
  }
}
