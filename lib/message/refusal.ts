import { BusError, type Executed, messageOf } from "../errors/bus-error.ts";
import type { Message } from "./message.ts";

/** `ERR_REFUSED`: by the middleware that threw, or did not call `next`. */
export function refusal(
  message: Message,
  executed: Executed,
  thrown?: { cause: unknown },
): BusError {
  const { direction, kind, event, layer } = message;
  const what = `the ${direction} ${kind === "ack" ? `ack of "${event}"` : `"${event}"`}`;
  return thrown
    ? new BusError("ERR_REFUSED", `${what} was refused: ${messageOf(thrown.cause)}`, {
        executed,
        cause: thrown.cause,
      })
    : new BusError("ERR_REFUSED", `${what} was dropped: ${nameOf(layer)} did not call next()`, {
        executed,
      });
}

/** What to call a layer in a text. */
export function nameOf(layer: { readonly name: string } | undefined): string {
  return layer?.name ? `middleware "${layer.name}"` : "an unnamed middleware";
}
