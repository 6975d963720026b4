import { absentParent } from "../links/absent.ts";
import type { Link } from "../links/link.ts";

/** Stands for a member that nobody knows: its peer is down from the start. */
export function unknownMember(id: string): Link {
  const ended = { reason: "is no member of the mesh, as far as is known here" };
  return { ...absentParent, kind: "remote", id, ended };
}
