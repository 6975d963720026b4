import { namesOf } from "../errors/names.ts";
import { WHO_SPEAKS } from "./failures.ts";
import type { Message } from "./message.ts";
import type { Stage } from "./outbound.ts";
import { nameOf } from "./refusal.ts";

/** What is asked of an event that is late. */
interface LateEvent extends Message {
  readonly stage: Stage;
  readonly hasLeft: boolean;
  readonly awaitsSocket: boolean;
  /** Its ack, if that has arrived. */
  readonly answer: Message | undefined;
}

/** What is asked of the way it goes. */
interface LateRoute {
  readonly ready: boolean;
  readonly openThere: readonly string[];
  /** The event that its layers hold, and with it all that come after. */
  readonly passing: Message | undefined;
}

/** What a message that is late was held up by, in words: a layer, the queue, the channel or the listener. */
export function heldUpBy(event: LateEvent, route: LateRoute): string {
  const { passing } = route;
  const { peer, namespace, answer } = event;
  if (answer) {
    return `its ack has arrived, but a middleware does not let it through: ${nameOf(answer.layer)}`;
  }
  if (event.awaitsSocket) return "its client does not read what was written to the socket before";
  switch (event.stage) {
    case "chain":
      return passing === event || !passing
        ? `${nameOf(event.layer)} has not called next()`
        : `it waits for its turn behind "${passing.event}", for which ${nameOf(passing.layer)} has not called next()`;
    case "parked":
      return inQueue(event, route);
    case "handed":
      return `it waits to be written, as the channel takes nothing: ${peer.id} is busy, or stopped`;
    case "written":
    case "settled":
      return event.hasLeft
        ? `its namespace "${namespace}" is ready, and it was sent: neither a listener nor a layer over there has answered`
        : `it was given to the channel, which has not taken it: ${peer.id} is busy, or stopped`;
  }
}

function inQueue({ peer, namespace }: LateEvent, { ready, openThere }: LateRoute): string {
  if (peer.state === "connecting") return `its bus has not said hello: ${WHO_SPEAKS}`;
  if (ready) return "it waits in the queue, behind others";
  // Nearly always it is the name that is wrong, or missing, on either side.
  const others = openThere.length === 0 ? "none is" : `open there: ${namesOf(openThere)}`;
  return `it waits in the queue, as its namespace "${namespace}" is not open; it opens with the first on(); ${others}`;
}
