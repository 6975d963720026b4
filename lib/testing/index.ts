import { Bus, DEFAULT_NAMESPACE } from "../bus/bus.ts";
import { Hub } from "../bus/hub.ts";
import type { End } from "../errors/bus-error.ts";
import { check, wrong } from "../errors/check.ts";
import { type MemoryLink, memoryPair } from "../links/memory.ts";
import type { Peer } from "../message/peer.ts";

export type { MemoryLink } from "../links/memory.ts";

/** How `busPair` connects its two buses. */
export interface PairOptions {
  /** What becomes of payloads on their way, as on the channel to stand in for; `"json"` by default. */
  readonly serialization?: "json" | "clone";
}

/** Two buses in one process, each as if it had a process to itself. */
export interface BusPair {
  readonly a: Bus;
  readonly b: Bus;
  /** The peer that `a` speaks to: `a.to(toB).emit(...)`. */
  readonly toB: Peer;
  /** The peer that `b` speaks to. */
  readonly toA: Peer;
  /** The ends of the link between them: `stop()` and `resume()`, as a busy process would, and what was `sent`. */
  readonly left: MemoryLink;
  readonly right: MemoryLink;
  /** Both see the other gone, as when a process exits; with an exit code or a signal if you like. */
  cut(end?: End): void;
}

/**
 * Makes two buses with a link in memory between them, for tests of code that uses a bus: everything is as between two
 * processes, but handles. The pair shares nothing with the bus of the process, or with other pairs, and keeps no process alive.
 * Throws a `TypeError` for options that it does not know.
 */
export function busPair(options: PairOptions = {}): BusPair {
  check.options(options, "busPair", ["serialization"]);
  const { serialization = "json" } = options;
  if (serialization !== "json" && serialization !== "clone") {
    throw wrong("the option serialization", '"json" or "clone"', serialization);
  }
  const { left, right, cut } = memoryPair(serialization);
  const [a, hubOfA] = lonelyBus();
  const [b, hubOfB] = lonelyBus();
  const toB = hubOfA.attach(left);
  const toA = hubOfB.attach(right);
  toB.greet();
  toA.greet();
  return { a, b, toB, toA, left, right, cut };
}

/** A bus that has neither parent nor workers. */
function lonelyBus(): [Bus, Hub] {
  const hub = new Hub([]);
  return [new Bus(hub, DEFAULT_NAMESPACE, true), hub];
}
