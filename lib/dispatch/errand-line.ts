import type { BusError } from "../errors/bus-error.ts";
import type { Message } from "../message/message.ts";
import type { Route } from "../peer/route.ts";
import type { Deadlines } from "../time/deadlines.ts";
import type { Serialization } from "../wire/serialization.ts";

/** What an errand asks of the line it belongs to. */
export interface ErrandLine<Errand> {
  readonly namespace: string;
  /** For texts: `any of workers`. */
  readonly label: string;
  readonly deadlines: Deadlines;
  /** In ms, for those that are told nothing else. */
  readonly ackTimeout: number;
  /** No peer is given more than so many: every message counts until it is answered, also where nobody wants the answer. */
  readonly isBounded: boolean;
  /** Nothing goes out any more. */
  readonly isClosed: boolean;
  /** That of all members, if they agree. */
  readonly serialization: Serialization;
  /** Not all members have the same. */
  readonly isMixed: boolean;
  nextNumber(): number;
  /** Lets it wait, if there is room; otherwise it is settled. */
  enter(errand: Errand): boolean;
  /** It waits no longer. */
  leave(errand: Errand): void;
  /** One with a key went there, or has come back or settled. */
  holdKey(key: string, route: Route): void;
  freeKey(key: string): void;
  /** So many bytes more are kept in case they have to be sent once more. */
  keep(bytes: number): void;
  /** What keeps it waiting, in words. */
  whyWaiting(errand: Errand): string;
  report(error: BusError, message: Message): void;
  progressed(): void;
}
