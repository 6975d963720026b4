import { wrong } from "../errors/check.ts";
import type { Limits } from "../outbox/limits.ts";

/** The limits that users set, which take what is fit to be a bound. A name that there is not would limit nothing. */
export function limitsOf(bounds: Limits): Limits {
  // From Node 26 on what is shown of a Proxy says that it is one.
  const inspect = Symbol.for("nodejs.util.inspect.custom");
  Object.defineProperty(bounds, inspect, { value: () => ({ ...bounds }) });
  return new Proxy(bounds, {
    set: (_, name, bytes: unknown) => setBound(bounds, name, bytes),
    defineProperty: (_, name, { value }) => setBound(bounds, name, value),
    deleteProperty: (_, name) => {
      throw new TypeError(`limits.${String(name)} cannot be deleted; set it to Infinity`);
    },
  });
}

function setBound(bounds: Limits, name: string | symbol, bytes: unknown): boolean {
  if (!Object.hasOwn(bounds, name)) {
    const known = Object.keys(bounds).join(", ");
    throw new TypeError(`there is no limits.${String(name)}; there are ${known}`);
  }
  if (typeof bytes !== "number" || !(bytes >= 0)) {
    throw wrong(`limits.${String(name)}`, "a number of bytes", bytes);
  }
  bounds[name as keyof Limits] = bytes;
  return true;
}
