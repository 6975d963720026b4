import { addToText, type BusError, mayHaveRun } from "../errors/bus-error.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import type { Peer } from "../message/peer.ts";

/** Whether a message that fails may go to another peer: its own was at fault, and it did not run there, or may run twice. */
export function mayGoElsewhere(
  { code, executed }: BusError,
  message: OutboundEvent,
  isIdempotent: boolean,
): boolean {
  const isPeersFault = code === "ERR_PEER_DIED" || code === "ERR_CLOSED";
  const isSafe = executed === "no" || (executed === "maybe" && isIdempotent);
  const hasCrossed = message.handle !== undefined && message.stage === "written";
  return isPeersFault && isSafe && !hasCrossed;
}

/** Where a message went in vain. */
export class Tried {
  readonly #peers: Peer[] = [];
  /** A listener may have run there. */
  #mayHaveRun = false;

  add(peer: Peer, { executed }: BusError): void {
    this.#peers.push(peer);
    this.#mayHaveRun ||= executed !== "no";
  }

  has(peer: Peer): boolean {
    return this.#peers.includes(peer);
  }

  /** Says so in the error that the message ends with. */
  tellIn(error: BusError): void {
    if (this.#mayHaveRun) mayHaveRun(error);
    const ids = this.#peers.map(({ id }) => id).join(", ");
    addToText(error, `; before that it was given to ${ids}`);
  }
}
