import { BusError, messageOf } from "../errors/bus-error.ts";
import type { Message } from "./message.ts";

/** What to ask where no hello has come: nearly always the answer is one of the two. */
export const WHO_SPEAKS: string = "did the parent call to(child)? did the other side call on()?";

/** A message on its way out, by the name it has in texts. */
type Named = Message & { readonly name: string };

/** `ERR_NOT_SERIALIZABLE`: what the message carries cannot be encoded. */
export function notSerializable(message: Named, cause: unknown): BusError {
  const text = `${message.name} cannot be encoded: ${messageOf(cause)}`;
  return new BusError("ERR_NOT_SERIALIZABLE", text, { cause, about: message });
}

/** What became of a handle that was sent, and is not there. */
export const NOT_ARRIVED: string = "did not arrive; the receiver may be out of file descriptors";

/** `ERR_HANDLE_LOST`: its handle could not be sent, or did not arrive. */
export function handleLost(message: Named, what: string): BusError {
  const text = `the handle of ${message.name} ${what}`;
  return new BusError("ERR_HANDLE_LOST", text, { about: message });
}
