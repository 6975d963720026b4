import { builtin, type Middleware } from "../chain/layer.ts";
import { atCaller, BusError } from "../errors/bus-error.ts";
import type { InboundEvent } from "../message/inbound-event.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";

/**
 * Guards descriptors on both sides. It throws at `emit`: `ERR_HANDLE_UNSUPPORTED` for what cannot cross, and
 * `ERR_HANDLE_NOT_READY`, unless `queueHandle` is set, where the handle would have to wait. And it closes
 * a received handle that no listener has taken.
 */
export function fdGuard(): Middleware {
  return builtin<InboundEvent>(
    "fdGuard",
    async function fdGuard(message, next) {
      try {
        await next();
      } finally {
        message.discardHandle();
      }
    },
    {
      crossings: ["inbound event"],
      skips: (message) => !message.hasHandle,
      guard: (message) => guard(message as OutboundEvent),
    },
  );
}

function guard(message: OutboundEvent): void {
  const { handle } = message;
  if (handle === undefined) return;
  const where = message.name;
  if (message.handleFault) {
    const text = `the handle of ${where} ${message.handleFault}`;
    refuse(new BusError("ERR_HANDLE_UNSUPPORTED", text, { about: message }));
  }
  if (!message.queueHandle && !message.peer.isReady(message.namespace)) {
    refuse(
      new BusError(
        "ERR_HANDLE_NOT_READY",
        `${where}: namespace "${message.namespace}" is not ready there; wait for lifecycle "ready", or ` +
          "pass queueHandle: true and leave the handle alone from then on",
        { about: message },
      ),
    );
  }
}

function refuse(error: BusError): never {
  throw atCaller(error, guard);
}
