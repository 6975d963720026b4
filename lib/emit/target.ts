import type { EmitOptions } from "../message/options.ts";
import type { Peer } from "../message/peer.ts";
import type { Route } from "../peer/route.ts";
import type { EmitArguments, EventMap, EventName, Reply, Untyped } from "./event-map.ts";
import { Receipt } from "./receipt.ts";

/** One namespace of one peer. */
export class Target<Outgoing extends EventMap<Outgoing> = Untyped> {
  /** The bus at the other end. */
  readonly peer: Peer;
  #route: Route;

  /** @internal */
  constructor(route: Route) {
    this.peer = route.peer;
    this.#route = route;
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
