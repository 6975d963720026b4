import type { Line } from "../dispatch/line.ts";
import { callerOf } from "../errors/bus-error.ts";
import { check } from "../errors/check.ts";
import { type AnyEmitOptions, readAnyOptions } from "../message/options.ts";
import type { Peer } from "../message/peer.ts";
import type { EmitArguments, EventMap, EventName, Maps, Reply, Untyped } from "./event-map.ts";
import type { GroupBus } from "./group.ts";
import { Receipt } from "./receipt.ts";

/** Options of `any`. */
export interface AnyOptions {
  /**
   * How many messages of this process, in the namespace, a peer may have unanswered and get another; any number by
   * default. 1 for long jobs, 2 to 4 for such that take less than a few ms.
   */
  readonly concurrency?: number;
}

/**
 * One namespace of a group, of which one peer gets each message: the one of those who are free that has the fewest
 * messages unanswered. Free is a peer whose namespace is ready, whose channel takes more, and that has fewer than
 * `concurrency` messages unanswered. Until somebody is free, messages wait here, in order.
 */
export class Any<Outgoing extends EventMap<Outgoing> = Untyped> {
  declare protected readonly outgoing?: Maps<Outgoing>;
  readonly #bus: GroupBus;
  readonly #line: Line;

  /** @internal */
  constructor(bus: GroupBus, line: Line) {
    this.#bus = bus;
    this.#line = line;
  }

  /** Who belongs to the group now: those that are starting too, but none that closes or is gone. */
  get peers(): Peer[] {
    return [...this.#line.peers];
  }

  /** How many messages wait, as nobody is free for them. */
  get waiting(): number {
    return this.#line.size;
  }

  /** False when much waits here: a quarter of `limits.pending`. Whoever goes on gets `ERR_QUEUE_FULL` when the room is full. */
  get writable(): boolean {
    return this.#line.backlog.isWide;
  }

  /** Resolves when most of what waits here has found a peer. */
  drained(): Promise<void> {
    return this.#line.backlog.drained();
  }

  /**
   * Sends a message to one of the group. What fails by that peer's fault (`ERR_PEER_DIED`, `ERR_CLOSED`) before a
   * listener ran goes to another, within the same time. With a `key`, all messages that have it go to one peer.
   *
   * Throws a `TypeError` for wrong arguments, `ERR_HANDLE_UNSUPPORTED` for a handle that cannot be sent, and
   * `ERR_HANDLE_NOT_READY` for one that would have to wait.
   */
  emit<Event extends EventName<Outgoing>>(
    event: Event,
    ...[data, options]: EmitArguments<Outgoing, Event, AnyEmitOptions>
  ): Receipt<Reply<Outgoing, Event>> {
    check.name(event, "an event");
    const read = options === undefined ? undefined : readAnyOptions(options);
    const caller = this.#bus.stacks ? callerOf(Any.prototype.emit) : undefined;
    return new Receipt(this.#line.emit(event, data, read, caller));
  }
}
