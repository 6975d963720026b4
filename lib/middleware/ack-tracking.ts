import { builtin, type Middleware } from "../chain/layer.ts";
import type { InboundAck } from "../message/inbound-ack.ts";
import type { InboundEvent } from "../message/inbound-event.ts";

/**
 * Answers an event when everything behind it has settled, and settles a receipt when its
 * ack has passed the other layers. What they throw, or drop, becomes the answer.
 */
export function ackTracking(): Middleware {
  return builtin<InboundEvent | InboundAck>("ackTracking", (_message, next) => next(), {
    crossings: ["inbound event", "inbound ack"],
    ends: (message, thrown) => message.settle(thrown),
  });
}
