import { Flag, type Packet } from "./packet.ts";

/** Every so many packets, or bytes, it is told at once what was taken. */
const TELL_EVERY = 8;
const TELL_BYTES = 2 ** 18;

/** What a packet turned out to be. */
type Arrived =
  | { readonly what: "frame"; readonly bytes: Buffer }
  | { readonly what: "part" | "known" | "gap" | "too large" };

/** What one side of a link takes: packets in order, each once, and the frames that they are parts of. */
export class Taking {
  /** Everything up to that number was taken. */
  taken = 0;
  /** Up to there the other side was told. */
  #told = 0;
  #untoldBytes = 0;
  #isGapTold = false;
  #parts: Buffer[] = [];
  #partBytes = 0;

  /** The next packet; a frame, if it is complete, of at most so many bytes. */
  arrive({ number, flags, body }: Packet, largest: number): Arrived {
    if (number <= this.taken) return { what: "known" };
    if (number > this.taken + 1) return { what: "gap" };
    this.#isGapTold = false;
    this.taken = number;
    this.#untoldBytes += body.length;
    const isPart = (flags & Flag.MORE) !== 0;
    if (!isPart && this.#parts.length === 0) return { what: "frame", bytes: body };
    this.#parts.push(body);
    this.#partBytes += body.length;
    if (this.#partBytes > largest) return { what: "too large" };
    if (isPart) return { what: "part" };
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    return { what: "frame", bytes };
  }

  /** Whether that something is missing has to be told. Once is enough, until it has come. */
  tellsGap(): boolean {
    const tells = !this.#isGapTold;
    this.#isGapTold = true;
    return tells;
  }

  /** Whether there is anything to tell. */
  get isUntold(): boolean {
    return this.taken > this.#told;
  }

  /** Whether that cannot wait. */
  get isMuchUntold(): boolean {
    return this.taken - this.#told >= TELL_EVERY || this.#untoldBytes >= TELL_BYTES;
  }

  /** It is told now, whatever is sent. */
  tell(): number {
    this.#told = this.taken;
    this.#untoldBytes = 0;
    return this.taken;
  }
}
