import type { Link } from "./link.ts";

/** A link to a parent that does not exist. */
export const absentParent: Link = {
  kind: "parent",
  id: "parent",
  serialization: "unknown",
  carriesHandles: false,
  forgetsEarlyFrames: false,
  ended: {},
  encodesLater: false,
  open() {},
  succeed() {},
  send: () => true,
  hold() {},
  detach() {},
};
