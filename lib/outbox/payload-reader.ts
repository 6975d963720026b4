import type { Link } from "../links/link.ts";
import { isOutbound, type OutboundMessage } from "../message/outbound.ts";
import { Note } from "../wire/note.ts";
import type { ItemParcel, Parcel } from "../wire/parcel.ts";
import type { Serialization } from "../wire/serialization.ts";
import { decideOf, holdOf, lookAt } from "../wire/shared-payload.ts";
import type { Snapshot } from "../wire/snapshot.ts";
import { lengthOf } from "../wire/views.ts";
import type { Backlog } from "./backlog.ts";
import { share } from "./sharing.ts";

/** What is asked of the peer whose payloads are read. */
interface PayloadReaderPeer {
  readonly serialization: Serialization;
  readonly link: Link;
  readonly backlog: Backlog;
}

/**
 * Reads payloads, each once. Code of the user's may run then, and may have settled the message in the end: every method
 * returns whether there is something to send. If not the message is settled.
 */
export class PayloadReader {
  readonly #peer: PayloadReaderPeer;

  constructor(peer: PayloadReaderPeer) {
    this.#peer = peer;
  }

  /** Reads a parcel that is about to be sent, if that was not done. */
  readonly read = (parcel: ItemParcel): boolean => {
    const { payload, shared } = parcel;
    if (parcel.snapshot || payload === undefined) return true;
    const { serialization, link, backlog } = this.#peer;
    try {
      parcel.snapshot =
        (shared ? undefined : share(serialization, payload)) ?? lookAt(parcel, serialization);
    } catch (cause) {
      parcel.unencodable(cause);
      return false;
    }
    if (parcel.abandoned) return false;
    const isLeft = parcel.snapshot.form === "beside" && link.encodesLater;
    if (isLeft && !this.keep(parcel)) return false;
    if (!isOutbound(parcel)) return true;
    parcel.size = parcel.snapshot.size;
    return backlog.fits(parcel);
  };

  /** What has still to be encoded may change until it is: does so now. */
  keep(parcel: Parcel): boolean {
    if (parcel.isFrame) return true;
    const { snapshot } = parcel;
    if (snapshot?.form !== "beside") return true;
    try {
      parcel.snapshot = holdOf(parcel, this.#peer.serialization, snapshot);
    } catch (cause) {
      parcel.unencodable(cause);
      return false;
    }
    return !parcel.abandoned;
  }

  /** A message was read when it was not known what the channel is. By now it is. */
  decide(message: OutboundMessage, snapshot: Snapshot): boolean {
    try {
      const decided = decideOf(message, this.#peer.serialization, snapshot);
      message.snapshot = decided;
      message.size = decided.size;
    } catch (cause) {
      message.unencodable(cause);
      return false;
    }
    return this.#peer.backlog.fits(message);
  }
}

/** What can be told of the size of a payload without a look into it. */
export function sizeAtOnce(payload: unknown): number {
  if (typeof payload === "string") return payload.length;
  return ArrayBuffer.isView(payload) ? lengthOf(payload) : 0;
}

/** Stands for what has settled while it was read. */
class Settled extends Note {
  override readonly abandoned = true;
}

export const SETTLED: Parcel = new Settled([]);
