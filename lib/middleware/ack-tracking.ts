import { builtin, completed, type Layer } from "../chain.ts";
import type { InboundAck, InboundEvent } from "../inbound.ts";

/**
 * Answers an event when everything behind it has settled, and settles a receipt when its
 * ack has passed the other layers. What they throw, or drop, becomes the answer.
 */
export function ackTracking(): Layer {
  return builtin<InboundEvent | InboundAck>(
    "ackTracking",
    ["inbound event", "inbound ack"],
    function ackTracking(message, next) {
      let rest: Promise<void>;
      try {
        rest = next();
      } catch (cause) {
        message.settle({ cause });
        return;
      }
      if (rest === completed) {
        message.settle();
        return;
      }
      return rest.then(
        () => message.settle(),
        (cause: unknown) => message.settle({ cause }),
      );
    },
  );
}
