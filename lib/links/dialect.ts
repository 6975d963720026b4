import type { Handle } from "../wire/handle.ts";
import type { Link, LinkEvents, PeerKind, SendFailure } from "./link.ts";

/** What a translator may use of the link it translates for. */
export interface Speaker {
  readonly kind: PeerKind;
  readonly id: string;
  /** What is told to the peer. */
  readonly events: LinkEvents;
  /** Sends a message as it is, and tells when it is written; as `Link.send` does. */
  write(
    message: object,
    handle: Handle | undefined,
    done: (failure?: SendFailure) => void,
  ): boolean;
}

/**
 * Another way to say what our frames say, on the channel of a process. The bus itself knows none; who needs
 * one teaches it, and nothing above the links notices.
 */
export interface Dialect {
  /** Nothing, if nobody at the other end could speak it. */
  translatorFor(speaker: Speaker): Translator | undefined;
}

/** Stands between one link and its channel. */
export interface Translator {
  /** Takes a message that is no frame of ours. Returns whether it was one of the dialect. */
  receive(message: unknown, handle: Handle | undefined): boolean;
  /** Sees the body of a frame of ours before the peer does. */
  overhear(body: unknown): void;
  /** Sends a frame, or what it says in the dialect to those who speak nothing else; as `Link.send` does. */
  send(frame: object, handle: Handle | undefined, done: (failure?: SendFailure) => void): boolean;
  /** A message waits for that namespace of the other side to be ready, as long as `isAwaited` says so. */
  awaits(namespace: string, isAwaited: () => boolean): void;
  /** A namespace of this side takes messages from now on. */
  opened(namespace: string): void;
  close(): void;
}

/** A link that can be taught a dialect. */
export interface Teachable extends Link {
  learn(dialect: Dialect): void;
  /** A message waits for that namespace of the other side to be ready, as long as `isAwaited` says so. */
  awaits(namespace: string, isAwaited: () => boolean): void;
  /** A namespace of this side takes messages from now on. */
  opened(namespace: string): void;
}

/** The link, if it can be taught one. */
export function teachable(link: Link): Teachable | undefined {
  return "learn" in link ? (link as Teachable) : undefined;
}
