import { type Bus, Bus as BusClass, DEFAULT_NAMESPACE } from "../../lib/bus/bus.ts";
import { Hub } from "../../lib/bus/hub.ts";
import { type MemoryPair, memoryPair } from "../../lib/links/memory.ts";
import { nodeConnector } from "../../lib/links/node.ts";
import type { Session as Peer } from "../../lib/peer/session.ts";

/** Two buses in one process, as if each had its own. */
export interface BusPair extends MemoryPair {
  /** The bus on the left, and the peer it sees. */
  readonly a: Bus;
  readonly toB: Peer;
  readonly b: Bus;
  readonly toA: Peer;
}

/** A bus that shares nothing with that of the process, and has no parent and no workers. */
export function lonelyBus(): { bus: Bus; hub: Hub } {
  const hub = new Hub({ ...nodeConnector, parent: () => undefined, watchWorkers: () => () => {} });
  return { hub, bus: new BusClass(hub, hub.namespace(DEFAULT_NAMESPACE), true) };
}

/** Two buses and a link between them. */
export function busPair(serialization: "json" | "clone" = "json"): BusPair {
  const pair = memoryPair(serialization);
  const left = lonelyBus();
  const right = lonelyBus();
  const toB = left.hub.attach(pair.left);
  const toA = right.hub.attach(pair.right);
  toB.greet();
  toA.greet();
  return { ...pair, a: left.bus, toB, b: right.bus, toA };
}

/** Resolves to the error that a promise rejects with; fails if it resolves. */
export async function rejection(
  promise: Promise<unknown>,
): Promise<Error & Record<string, unknown>> {
  const nothing = Symbol("nothing");
  const error = await promise.then(
    () => nothing,
    (thrown: unknown) => thrown,
  );
  if (error === nothing) throw new Error("it was expected to reject");
  return error as Error & Record<string, unknown>;
}

/** Resolves with the arguments of the next such event. */
export function nextEvent(
  emitter: {
    once(event: string, listener: (...parameters: unknown[]) => void): unknown;
  },
  event: string,
): Promise<unknown[]> {
  return new Promise((resolve) => {
    emitter.once(event, (...parameters) => resolve(parameters));
  });
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
