import { builtin, type Layer, type Next } from "../chain.ts";
import { atCaller, BusError } from "../errors.ts";
import type { InboundEvent } from "../inbound.ts";
import type { OutboundEvent } from "../outbound.ts";

/**
 * Guards descriptors on both sides. It throws at `emit`: `ERR_HANDLE_UNSUPPORTED` for what cannot cross, and
 * `ERR_HANDLE_NOT_READY`, unless `queueHandle` is set, where the handle would have to wait. And it closes
 * a received handle that no listener has taken.
 */
export function fdGuard(): Layer {
  return builtin<InboundEvent>(
    "fdGuard",
    ["inbound event"],
    function fdGuard(message, next) {
      return message.hasHandle ? outlast(message, next) : next();
    },
    (message) => guard(message as OutboundEvent),
  );
}

async function outlast(message: InboundEvent, next: Next): Promise<void> {
  try {
    await next();
  } finally {
    message.discardHandle();
  }
}

function guard(message: OutboundEvent): void {
  const { handle } = message;
  if (handle === undefined) return;
  const where = message.name;
  if (!message.peer.canCarryHandles) {
    refuse(new BusError("ERR_HANDLE_UNSUPPORTED", `${where}: this link carries no handles`));
  }
  if (!message.handleCanCross) {
    refuse(
      new BusError(
        "ERR_HANDLE_UNSUPPORTED",
        `${where}: only a net.Socket, a net.Server and a dgram.Socket with a descriptor of their own can ` +
          "be sent; hand a TLS connection over before it is wrapped",
      ),
    );
  }
  if (!message.queueHandle && message.mustWait) {
    refuse(
      new BusError(
        "ERR_HANDLE_NOT_READY",
        `${where}: namespace "${message.namespace}" is not ready there; wait for lifecycle "ready", or ` +
          "pass queueHandle: true and leave the handle alone from then on",
      ),
    );
  }
}

function refuse(error: BusError): never {
  throw atCaller(error, guard);
}
