import type { OutboundMessage } from "../message/outbound.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import type { Host, Scope } from "./host.ts";
import { Route, type RoutePeer } from "./route.ts";

/** Namespaces that a peer may announce; more is not a use, but an attack. */
const MOST_NAMESPACES = 10_000;

/** The ways to the namespaces of one peer. */
export class Routes {
  readonly #host: Host;
  readonly #peer: RoutePeer;
  readonly #byNamespace = new Map<string, Route>();

  /** The namespaces that the peer has open. */
  readonly #openThere = () => {
    return [...this.#byNamespace.values()]
      .filter(({ ready }) => ready)
      .map(({ namespace }) => namespace);
  };

  constructor(host: Host, peer: RoutePeer) {
    this.#host = host;
    this.#peer = peer;
  }

  /** The route to a namespace, made when it is first asked for. */
  to(namespace: string): Route {
    let route = this.#byNamespace.get(namespace);
    if (!route) {
      route = new Route(this.#host, this.#peer, namespace, this.#openThere);
      this.#byNamespace.set(namespace, route);
    }
    return route;
  }

  /** The peer closes a namespace: it takes no messages any more. */
  close(namespace: string): void {
    const route = this.known(namespace);
    if (route) route.ready = false;
  }

  /** Forgets the route to a closed namespace as soon as nothing is on its way there. A later message makes a new one. */
  retire(namespace: string): void {
    const route = this.known(namespace);
    if (!route) return;
    route.isRetiring = !route.ready;
    if (route.ready || !route.isIdle) return;
    route.isFreed = true;
    this.#byNamespace.delete(namespace);
  }

  known(namespace: string): Route | undefined {
    return this.#byNamespace.get(namespace);
  }

  /** Whether there may be a route to a namespace that the peer has named. */
  mayLeadTo(namespace: string): boolean {
    return this.#byNamespace.size < MOST_NAMESPACES || this.#byNamespace.has(namespace);
  }

  /** The same as `to` for a namespace that the peer has named. Throws a `RangeError` if it names too many. */
  toNamed(namespace: string): Route {
    if (this.mayLeadTo(namespace)) return this.to(namespace);
    throw new RangeError(`more than ${MOST_NAMESPACES} namespaces`);
  }

  get areIdle(): boolean {
    return [...this.#byNamespace.values()].every((route) => route.isIdle);
  }

  /** The events that have not reached the outbox: of one namespace, or of all. */
  unfinished(scope: Scope): OutboundEvent[] {
    if (scope !== undefined) return this.known(scope)?.unfinished() ?? [];
    return [...this.#byNamespace.values()].flatMap((route) => route.unfinished());
  }

  /** All of them, and the answers too. */
  onTheirWay(): OutboundMessage[] {
    return [...this.#byNamespace.values()].flatMap((route) => route.onTheirWay());
  }
}
