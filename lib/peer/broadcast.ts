import { isBusError, type Place } from "../errors/bus-error.ts";
import type { EmitOptions } from "../message/options.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import { SharedPayload } from "../wire/shared-payload.ts";
import type { Route } from "./route.ts";

/** What is said to several peers. */
interface Broadcast {
  readonly event: string;
  readonly data: unknown;
  readonly options: EmitOptions | undefined;
  /** Where it was emitted, if errors show that. */
  readonly caller: Place | undefined;
}

/**
 * Sends one message along each route; the data is read once for all. What one of them refuses at the call ends that
 * message only.
 */
export function broadcast(
  routes: readonly Route[],
  { event, data, options, caller }: Broadcast,
): OutboundEvent[] {
  const shared = typeof data === "object" && data !== null ? new SharedPayload(data) : undefined;
  return routes.map((route) => {
    const message = route.make(event, data, options);
    message.shared = shared;
    if (caller) message.calledFrom(caller);
    enter(route, message);
    return message;
  });
}

function enter(route: Route, message: OutboundEvent): void {
  try {
    route.guard(message);
  } catch (refusal) {
    if (isBusError(refusal)) message.fail(refusal);
    else message.refuse({ cause: refusal });
    return;
  }
  route.enter(message);
}
