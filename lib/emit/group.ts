import { callerOf } from "../errors/bus-error.ts";
import { check } from "../errors/check.ts";
import { refuseForMany } from "../message/handle-for-many.ts";
import { type EmitOptions, readOptions } from "../message/options.ts";
import type { Peer } from "../message/peer.ts";
import { broadcast } from "../peer/broadcast.ts";
import type { RoutePeer } from "../peer/route.ts";
import type { EmitArguments, EventMap, EventName, Maps, Reply, Untyped } from "./event-map.ts";
import { Gathering } from "./gathering.ts";

/** What a group asks of the bus. */
export interface GroupBus {
  /** Whether errors show who emitted the message they are about. */
  readonly stacks: boolean;
}

/** Who belongs to a group. */
interface GroupMembers {
  now(): readonly RoutePeer[];
}

/** One namespace of several peers. */
export class Group<Outgoing extends EventMap<Outgoing> = Untyped> {
  declare protected readonly outgoing?: Maps<Outgoing>;
  readonly #bus: GroupBus;
  readonly #namespace: string;
  readonly #members: GroupMembers;

  /** @internal */
  constructor(bus: GroupBus, namespace: string, members: GroupMembers) {
    this.#bus = bus;
    this.#namespace = namespace;
    this.#members = members;
  }

  /** Who would get a message now: those that are starting too, but none that closes or is gone. */
  get peers(): Peer[] {
    return [...this.#members.now()];
  }

  /**
   * Sends a message to everybody who belongs to the group now, each as `to(peer).emit` would; the data is read once.
   * What keeps it from one of them is told in the outcome of that one, or by `lifecycle` if nobody asks for it.
   *
   * Throws a `TypeError` for wrong arguments, and `ERR_HANDLE_UNSUPPORTED` for a handle that cannot go to many.
   */
  emit<Event extends EventName<Outgoing>>(
    event: Event,
    ...[data, options]: EmitArguments<Outgoing, Event, EmitOptions>
  ): Gathering<Reply<Outgoing, Event>> {
    check.name(event, "an event");
    const read = readOptions(options);
    const { emit } = Group.prototype;
    const namespace = this.#namespace;
    if (read?.handle) refuseForMany(read.handle, { event, namespace }, emit);
    const routes = this.#members.now().map((peer) => peer.route(namespace));
    const caller = this.#bus.stacks ? callerOf(emit) : undefined;
    return new Gathering(broadcast(routes, { event, data, options: read, caller }));
  }
}
