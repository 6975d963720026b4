import { NO_OPTIONS } from "../errors/check.ts";
import { OutboundAck } from "../message/outbound-ack.ts";
import { OutboundEvent } from "../message/outbound-event.ts";
import type { Route } from "../peer/route.ts";
import type { Parcel } from "../wire/protocol.ts";
import { Bundle } from "./bundle.ts";

/**
 * Fails what was still to be written when a peer went. What was kept as text becomes messages again, one
 * bundle after the other, as they take several times the memory.
 */
export function failRemains(
  parcels: readonly Parcel[],
  routeTo: (namespace: string) => Route,
  fail: (event: OutboundEvent) => void,
): void {
  for (const parcel of parcels) {
    if (parcel instanceof OutboundAck) {
      parcel.discard();
    } else if (parcel instanceof Bundle) {
      const events = parcel.unpack(({ namespace, event, data }) => {
        const restored = new OutboundEvent(routeTo(namespace), event, data, NO_OPTIONS);
        restored.age();
        if (parcel.isWritten) restored.stage = "written";
        return restored;
      });
      for (const event of events) fail(event);
    } else if (parcel instanceof OutboundEvent) {
      fail(parcel);
    }
  }
}
