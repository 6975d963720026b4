import { BusError, type End, howEnded } from "../errors/bus-error.ts";
import type { Peer } from "../message/peer.ts";
import { PROTOCOL } from "../wire/protocol.ts";

/** The process or thread at the other end is gone. */
export function died(peer: Peer, end: End): BusError {
  const text = `${peer.id} ${howEnded(end)}`;
  return new BusError("ERR_PEER_DIED", text, { ...end, executed: "no", about: { peer } });
}

/** Another bus answers on the channel. */
export function replaced(peer: Peer): BusError {
  const text = `${peer.id} is gone: another bus has taken its place on the channel`;
  return new BusError("ERR_PEER_DIED", text, { executed: "no", about: { peer } });
}

/** The other side cannot be understood. */
export function incomprehensible(peer: Peer, what: string): BusError {
  const text = `${peer.id} cannot be understood: ${what}, this side speaks ${PROTOCOL.major}`;
  return new BusError("ERR_PROTOCOL", text, { about: { peer } });
}

/** What came is nothing that a bus sends. */
export function malformed(peer: Peer, what: string): BusError {
  const text = `a frame of ${peer.id} was ignored: ${what}`;
  return new BusError("ERR_PROTOCOL", text, { about: { peer } });
}
