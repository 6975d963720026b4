import type { Endpoint } from "../links/connector.ts";
import type { Peer } from "../message/peer.ts";

/** What `to()` takes: one peer. */
export type PeerTarget = "parent" | Peer | Endpoint;

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
