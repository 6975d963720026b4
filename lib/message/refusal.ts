import { BusError, type Executed, isBusError, messageOf, moreOf } from "../errors/bus-error.ts";
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
        about: message,
      })
    : new BusError("ERR_REFUSED", `${what} was dropped: ${nameOf(layer)} did not call next()`, {
        executed,
        about: message,
      });
}

/**
 * The error of an ack, whatever its layers have put in its place: of another message, say, that was asked instead.
 * `executed` stays at least what is true of this one.
 */
export function whatFailed(error: Error, executed: Executed, about: Message): BusError {
  if (!isBusError(error)) {
    return new BusError("ERR_REMOTE", messageOf(error), { executed, cause: error, about });
  }
  const truth = moreOf(error.executed, executed);
  if (truth === error.executed) return error;
  const { code, exitCode, signal } = error;
  const details = { executed: truth, exitCode, signal, cause: error, about };
  return new BusError(code, error.message, details);
}

/** What to call a layer in a text. */
export function nameOf(layer: { readonly name: string } | undefined): string {
  return layer?.name ? `middleware "${layer.name}"` : "an unnamed middleware";
}
