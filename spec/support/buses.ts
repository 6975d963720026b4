import { type Bus, Bus as BusClass, DEFAULT_NAMESPACE } from "../../lib/bus/bus.ts";
import { Hub } from "../../lib/bus/hub.ts";
import { nodeConnector } from "../../lib/links/node.ts";
import type { Session } from "../../lib/peer/session.ts";
import { type BusPair as PairOfBuses, busPair as pairOfBuses } from "../../lib/testing/index.ts";

/** Two buses in one process, as users get them for their tests, with the inside of their peers. */
export interface BusPair extends PairOfBuses {
  readonly toB: Session;
  readonly toA: Session;
}

/** A bus that shares nothing with that of the process, and has no parent and no workers. */
export function lonelyBus(): { bus: Bus; hub: Hub } {
  const { targets, reach } = nodeConnector;
  const hub = new Hub([{ targets, reach }]);
  return { hub, bus: new BusClass(hub, DEFAULT_NAMESPACE, true) };
}

/** Two buses and a link between them. */
export function busPair(serialization: "json" | "clone" = "json"): BusPair {
  return pairOfBuses({ serialization }) as BusPair;
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
