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
      const [code, what] =
        message.standing === "closed"
          ? (["ERR_CLOSED", "is closing and takes no messages"] as const)
          : (["ERR_UNHANDLED", "is not open here"] as const);
      message.decline(new BusError(code, `namespace "${namespace}" ${what}`, { about: message }));
    },
    { crossings: ["inbound event"], skips: (message) => message.standing === "open" },
  );
}
