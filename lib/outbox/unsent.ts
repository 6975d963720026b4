import type { EventRoute } from "../message/event-route.ts";
import { OutboundAck } from "../message/outbound-ack.ts";
import { OutboundEvent } from "../message/outbound-event.ts";
import type { Parcel } from "../wire/parcel.ts";
import { Bundle } from "./bundle.ts";

/**
 * Fails what was still to be written when a peer went. What was kept as text becomes messages again, one
 * bundle after the other, as they take several times the memory.
 */
export function failUnsent(
  parcels: readonly Parcel[],
  routeTo: (namespace: string) => EventRoute<OutboundEvent>,
  fail: (event: OutboundEvent) => void,
): void {
  for (const parcel of parcels) {
    if (parcel instanceof OutboundAck) {
      parcel.discard();
    } else if (parcel instanceof Bundle) {
      const events = parcel.unpack(({ namespace, event, data }) => {
        const restored = new OutboundEvent(routeTo(namespace), event, data);
        restored.restore(parcel.isWritten);
        return restored;
      });
      for (const event of events) fail(event);
    } else if (parcel instanceof OutboundEvent) {
      fail(parcel);
    }
  }
}
