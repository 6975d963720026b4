import type { Message } from "../message/message.ts";

/**
 * Runs the rest of the chain. Resolves when all further layers have settled, and throws at once what a
 * synchronous layer throws: catch it around `await next()`, not with `next().catch()`.
 */
export type Next = () => Promise<void>;

/**
 * One layer of the onion, as in Koa: what it does before `next()` happens on the way in, what it
 * does after `await next()` on the way back. Not calling `next` drops the message.
 */
export interface Middleware {
  (message: Message, next: Next): unknown;
  /** Takes the place of the built-in of that name, at its place in the onion. */
  readonly slot?: Slot;
}

/** What the built-in layers, and the package's own, tell about themselves so that they cost nothing where they have nothing to do. */
export interface Layer extends Middleware {
  /** The crossings the layer has something to do at; without it, all of them. */
  readonly crossings?: readonly Crossing[];
  /** Whether it would only call `next()` for that message; then it is not entered. */
  readonly skips?: (message: Message) => boolean;
  /** Instead of being entered it is told when everything behind it has settled, with what that threw. */
  readonly ends?: (message: Message, thrown?: { cause: unknown }) => void;
  /** Called by `emit`, before the chain; what it throws is thrown at the caller. */
  readonly guard?: (message: Message) => void;
}

/** The built-ins, from the user's end of the onion to the wire's. */
export const SLOTS = ["logging", "namespacing", "ackTracking", "queueing", "fdGuard"] as const;

/** The names of the built-in layers. */
export type Slot = (typeof SLOTS)[number];

/** What is special about a built-in layer, whose messages are of one class. */
interface Specialty<Crosses extends Message> {
  readonly crossings?: readonly Crossing[] | undefined;
  readonly skips?: (message: Crosses) => boolean;
  readonly ends?: (message: Crosses, thrown?: { cause: unknown }) => void;
  readonly guard?: (message: Message) => void;
}

/** Makes a built-in layer of a function. */
export function builtin<Crosses extends Message>(
  slot: Slot,
  layer: (message: Crosses, next: Next) => unknown,
  specialty: Specialty<Crosses> = {},
): Layer {
  return Object.assign(layer as Middleware, { slot, ...specialty }) as Layer;
}

/** A direction and a kind. */
export type Crossing = `${Message["direction"]} ${Message["kind"]}`;

/** What stands at the end of a chain: the link on the way out, the listeners on the way in. */
export type Terminal = (message: Message) => Promise<void> | undefined;
