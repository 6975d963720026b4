import type { OutboundEvent } from "./outbound.ts";
import type { Room } from "./room.ts";
import type { Parcel, Snapshot, WireItem } from "./wire.ts";

/** Messages, and bytes, in a bundle at most. */
const MOST_MESSAGES = 256;
const MOST_BYTES = 65_536;

/** A message of which only its text is left, made readable again. */
export interface Restored {
  readonly namespace: string;
  readonly event: string;
  readonly data: unknown;
}

/**
 * Messages that wait for a pending write, as the text of a frame: objects would take several times the
 * memory, and a million of them the collector's time. A message that somebody still has business with, because it is
 * awaited or has a deadline, stays an object beside the text.
 */
export class Bundle implements Parcel {
  readonly payload = undefined;
  readonly transfer = undefined;
  snapshot: Snapshot | undefined = undefined;
  readonly #room: Room;
  /** In order of emit. */
  readonly #entries: (string | OutboundEvent | undefined)[] = [];
  #bytes = 0;
  /** From here on it is no place for its messages any more. */
  isWritten = false;

  constructor(room: Room) {
    this.#room = room;
  }

  /** Takes a message whose room is reserved, as text. Returns false if the bundle is full. */
  add(event: OutboundEvent, text: string): boolean {
    if (this.#entries.length >= MOST_MESSAGES || this.#bytes >= MOST_BYTES) return false;
    event.place = { bundle: this, index: this.#entries.length };
    this.#entries.push(text);
    this.#bytes += event.reserved;
    return true;
  }

  /** Somebody wants to hear of the message again. */
  keep(event: OutboundEvent, index: number): void {
    if (!this.isWritten) this.#entries[index] = event;
  }

  /** The message has settled before it was written. */
  drop(event: OutboundEvent, index: number): void {
    if (this.isWritten) return;
    this.#entries[index] = undefined;
    this.#bytes -= event.reserved;
    this.#room.release(event);
  }

  /** What is left of the messages, in order: objects, and texts that `restore` makes messages of again. */
  unpack(restore: (message: Restored) => OutboundEvent): OutboundEvent[] {
    const texts = this.#entries.filter((entry) => entry !== undefined);
    return texts.map((entry) => {
      if (typeof entry !== "string") return entry;
      const [, , namespace, event, , data] = JSON.parse(entry) as WireItem;
      return restore({ namespace: namespace as string, event: event as string, data });
    });
  }

  get abandoned(): boolean {
    return this.#entries.every((entry) => entry === undefined);
  }

  item(): WireItem {
    throw new TypeError("a bundle is a frame of its own");
  }

  /** The items of the frame. */
  frameText(): string {
    const texts = this.#entries.filter((entry) => entry !== undefined);
    return `[${texts.map((entry) => (typeof entry === "string" ? entry : entry.text())).join(",")}]`;
  }

  written(): void {
    this.isWritten = true;
    this.#room.waiting -= this.#bytes;
    this.#bytes = 0;
    for (const entry of this.#objects()) {
      entry.reserved = 0;
      entry.place = undefined;
      entry.written();
    }
    this.#room.moved();
  }

  left(): void {
    for (const entry of this.#objects()) entry.left();
  }

  notWritten(): void {
    for (const entry of this.#objects()) entry.notWritten();
  }

  unencodable(): void {
    // It is encoded.
  }

  #objects(): OutboundEvent[] {
    return this.#entries.filter((entry) => typeof entry === "object");
  }
}
