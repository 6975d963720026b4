import type { Endpoint } from "../links/connector.ts";
import type { Peer } from "../message/peer.ts";

/** One member of a mesh: what its bus is called, and which one of that name. Of several that call themselves so it is the latest. */
export interface InstanceTarget {
  readonly name: string;
  readonly instance: string;
}

/** What `to()` takes: one peer. */
export type PeerTarget = "parent" | Peer | Endpoint | InstanceTarget;

/**
 * What `all()` and `any()` take, several peers: all cluster workers, child processes or threads of this process; those
 * whose bus has that name; those that `to()` would find for each of a list, which is read at the call; or those for
 * which a function returns true, which is asked of everybody at each `emit`.
 */
export type GroupTarget =
  | "workers"
  | "children"
  | "threads"
  | (string & {})
  | Iterable<PeerTarget>
  | ((peer: Peer) => boolean);
