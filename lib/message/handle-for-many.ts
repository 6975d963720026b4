import { atCaller, BusError } from "../errors/bus-error.ts";
import { type Handle, isShared, whyNotSent } from "../wire/handle.ts";

/** What the error is about. */
interface About {
  readonly event: string;
  readonly namespace: string;
}

/**
 * A listening server and a datagram socket can be had by many, a connection by one. Throws `ERR_HANDLE_UNSUPPORTED` for
 * what cannot go to many, as from above `emit`.
 */
export function refuseForMany(
  handle: Handle,
  about: About,
  emit: (...parameters: never[]) => unknown,
): void {
  const hasOneOwner =
    "cannot go to many: a connection has one owner; any() gives it to one of them";
  const fault = whyNotSent(handle) ?? (isShared(handle) ? undefined : hasOneOwner);
  if (fault === undefined) return;
  const text = `the handle of "${about.event}" ${fault}`;
  throw atCaller(new BusError("ERR_HANDLE_UNSUPPORTED", text, { about }), emit);
}
