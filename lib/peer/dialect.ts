import type { PeerKind } from "../links/link.ts";
import type { OutboxTranslator } from "../outbox/translation.ts";
import type { Handle } from "../wire/handle.ts";
import type { AckArrival, Arrival } from "../wire/items.ts";

/** What a translator asks of the session it translates for. */
export interface Speaker {
  readonly kind: PeerKind;
  readonly id: string;
  /** Sends a message as it is, past everything that waits. Nothing happens if the channel is over. */
  say(message: object): void;
  /**
   * A namespace over there listens, says somebody who knows no frames. Returns whether that is news: false if
   * our frames have told it before. Throws a `RangeError` if there are too many.
   */
  ready(namespace: string): boolean;
  receiveEvent(arrival: Arrival): void;
  receiveAck(ack: AckArrival): void;
  /** Counts something that nobody sends. */
  protocolError(what: string): void;
}

/**
 * Another way to say what our frames say. The bus itself knows none; who needs one teaches it, and neither the
 * links below nor the messages above notice.
 */
export interface Dialect {
  /** Nothing, if nobody at the other end could speak it. */
  translatorFor(speaker: Speaker): Translator | undefined;
}

/** Stands between a session and what knows no frames at its other end. */
export interface Translator extends OutboxTranslator {
  /** Takes a message that is no frame of ours. Returns whether it was one of the dialect. */
  receive(message: unknown, handle: Handle | undefined): boolean;
  /** Our frames have told that a namespace over there listens. */
  announced(namespace: string): void;
  /** A message waits for that namespace of the other side to be ready, as long as `isAwaited` says so. */
  awaits(namespace: string, isAwaited: () => boolean): void;
  /** A namespace of this side takes messages from now on. */
  opened(namespace: string): void;
  close(): void;
}
