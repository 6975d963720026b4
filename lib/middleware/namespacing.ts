import { builtin, type Middleware } from "../chain/layer.ts";
import { BusError } from "../errors/bus-error.ts";
import type { InboundEvent } from "../message/inbound-event.ts";

/**
 * Lets a message in only where its namespace is open: one that nothing has opened here
 * answers `ERR_UNHANDLED`, one that is closing `ERR_CLOSED`.
 */
export function namespacing(): Middleware {
  return builtin<InboundEvent>(
    "namespacing",
    function namespacing(message) {
      const { namespace } = message;
      message.decline(
        message.standing === "closed"
          ? new BusError("ERR_CLOSED", `namespace "${namespace}" is closing and takes no messages`)
          : new BusError("ERR_UNHANDLED", `namespace "${namespace}" is not open here`),
      );
    },
    { crossings: ["inbound event"], skips: (message) => message.standing === "open" },
  );
}
