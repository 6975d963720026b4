import { BusError, messageOf } from "../errors/bus-error.ts";

/** The payload of a message cannot be encoded. */
export function notSerializable(name: string, cause: unknown): BusError {
  const text = `${name} cannot be encoded: ${messageOf(cause)}`;
  return new BusError("ERR_NOT_SERIALIZABLE", text, { cause });
}

/** The handle of a message cannot cross, or has not. */
export function handleLost(name: string, what: string): BusError {
  return new BusError("ERR_HANDLE_LOST", `the handle of ${name} ${what}`);
}
