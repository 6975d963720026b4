import type { OutboundMessage } from "../message/outbound.ts";
import { type Choice, chooseParcels, encodeFrame } from "../wire/encode.ts";
import type { Parcel } from "../wire/parcel.ts";
import type { Sequence } from "../wire/sequence.ts";
import type { Serialization } from "../wire/serialization.ts";
import { restore } from "../wire/snapshot.ts";
import type { PayloadReader } from "./payload-reader.ts";
import { isToldBy, type OutboxTranslator } from "./translation.ts";

/** A frame that is ready to be sent. */
export interface Encoded extends Choice {
  readonly frame: object;
}

/** What is asked of the peer that the frames are for. */
interface FramesPeer {
  readonly serialization: Serialization;
  readonly translator: OutboxTranslator | undefined;
}

/** Makes the frames for one peer, and what stands for them where it understands none. */
export class Frames {
  readonly #peer: FramesPeer;
  readonly #reader: PayloadReader;
  readonly #sequence: Sequence;

  constructor(peer: FramesPeer, sequence: Sequence, reader: PayloadReader) {
    this.#peer = peer;
    this.#sequence = sequence;
    this.#reader = reader;
  }

  /** A frame of the parcels from `start` on, or the first alone where it is told otherwise. */
  make(parcels: readonly Parcel[], start: number, most: number): Encoded {
    const { serialization, translator } = this.#peer;
    const first = parcels[start];
    if (translator && isToldBy(translator, first)) return this.#translate(translator, first);
    let fit = most;
    if (translator) {
      const few = parcels.slice(start, start + most);
      const other = few.findIndex((each) => isToldBy(translator, each));
      if (other > 0) fit = other;
    }
    const choice = chooseParcels(serialization, parcels, start, fit, this.#reader.read);
    // The number comes last: code of the user's may have sent another frame meanwhile.
    const { frame, parcels: included } = encodeFrame(serialization, this.#sequence, choice.parcels);
    return { frame, parcels: included, consumed: choice.consumed, bytes: choice.bytes };
  }

  /** A message that is told otherwise than in a frame. If it cannot be encoded it is settled, and left out. */
  #translate(translator: OutboxTranslator, message: OutboundMessage): Encoded {
    const none = { frame: {}, consumed: 1, parcels: [], bytes: 0 };
    if (message.abandoned || !this.#reader.read(message)) return none;
    try {
      // It looks after the handle, too.
      message.item();
      const payload = message.snapshot && restore(message.snapshot);
      const frame = translator.translate(message, payload);
      return { frame, consumed: 1, parcels: [message], bytes: message.size };
    } catch (error) {
      message.unencodable(error);
      return none;
    }
  }

  /** Whether a parcel is a message that is told otherwise. */
  isTold(parcel: Parcel | undefined): boolean {
    const { translator } = this.#peer;
    return translator !== undefined && isToldBy(translator, parcel);
  }
}
