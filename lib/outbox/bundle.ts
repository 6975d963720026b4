import type { EventBundle } from "../message/event-route.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import { afterStretch } from "../time/stretch.ts";
import { MOST_BYTES, protect } from "../wire/encode.ts";
import { readEvent } from "../wire/items.ts";
import { isPatched } from "../wire/kinds.ts";
import type { FrameParcel } from "../wire/parcel.ts";
import type { WireItem } from "../wire/protocol.ts";
import type { Backlog } from "./backlog.ts";
import { MOST_IN_FRAME } from "./framing.ts";

/** What a bundle asks of the outbox it waits in. */
export interface BundleOutbox {
  readonly backlog: Backlog;
  /** A parcel has settled before it was written. */
  abandoned(): void;
}

/** A message of which only its text is kept, made readable again. */
interface Restored {
  readonly namespace: string;
  readonly event: string;
  readonly data: unknown;
}

/**
 * Messages that wait for a pending write, as the text of a frame: objects would take several times the
 * memory, and a million of them the collector's time. A message that somebody still has business with, because it is
 * awaited or has a deadline, stays an object beside the text.
 *
 * A full bundle is packed into bytes, outside the heap: what survives there makes V8 enlarge the space for
 * short-lived objects by more than the messages take.
 */
export class Bundle implements EventBundle<OutboundEvent>, FrameParcel {
  readonly isFrame = true;
  readonly flow = "one way";
  readonly #outbox: BundleOutbox;
  /** In order of emit: a text, what has to stay an object, or nothing if it has settled. */
  #entries: (string | OutboundEvent | undefined)[] = [];
  /** The same once it is packed: several texts in one. */
  #packed: (Buffer | OutboundEvent)[] | undefined;
  #bytes = 0;
  readonly #namespaces = new Set<string>();
  /** Messages that have not settled. */
  #count = 0;
  /** From here on no message of it can be given more to do, or taken out if it is text. */
  isFixed = false;
  /** It was given to the channel. */
  isWritten = false;

  constructor(outbox: BundleOutbox) {
    this.#outbox = outbox;
  }

  /** Takes a message whose room is reserved, as text. Returns false if the bundle is full, or fixed. */
  add(event: OutboundEvent, text: string): boolean {
    // A broken channel gave it back: an ack asked for from here on would never be heard of.
    if (this.isFixed) return false;
    if (this.#entries.length >= MOST_IN_FRAME || this.#bytes >= MOST_BYTES) {
      // Until the stretch is over an ack may be asked for.
      afterStretch(() => this.#pack());
      return false;
    }
    event.bundled = { bundle: this, index: this.#entries.length };
    this.#entries.push(text);
    this.#count++;
    this.#bytes += event.reserved;
    this.#namespaces.add(event.namespace);
    return true;
  }

  /** Whether there is anything of that namespace in it. */
  holds(namespace: string): boolean {
    return this.#namespaces.has(namespace);
  }

  /** Somebody wants to hear of the message again. */
  keep(event: OutboundEvent, index: number): void {
    if (!this.isFixed) this.#entries[index] = event;
  }

  /** Whether the message can still be taken out: one that is among the bytes of others cannot. */
  canDrop(event: OutboundEvent): boolean {
    return this.#packed ? this.#packed.includes(event) : !this.isFixed;
  }

  /** The message has settled before it was written. */
  drop(event: OutboundEvent, index: number): void {
    if (!this.canDrop(event)) return;
    if (this.#packed) this.#packed.splice(this.#packed.indexOf(event), 1);
    else this.#entries[index] = undefined;
    this.#bytes -= event.reserved;
    this.#count--;
    this.#outbox.backlog.release(event);
    if (this.abandoned) this.#outbox.abandoned();
  }

  /** What is left of the messages, in order: objects, and texts that `restore` makes messages of again. */
  unpack(restore: (message: Restored) => OutboundEvent): OutboundEvent[] {
    this.#leaveRoom();
    return this.#parts().flatMap((part) => {
      if (typeof part !== "string") return part;
      const items = JSON.parse(`[${part}]`) as WireItem[];
      return items.map((item) => restore(readEvent(item, undefined, 0).arrival));
    });
  }

  get size(): number {
    return this.#bytes;
  }

  get abandoned(): boolean {
    return this.#count === 0;
  }

  /** The items of the frame. */
  frameText(): string {
    const texts = this.#parts().map((part) => (typeof part === "string" ? part : textOf(part)));
    return `[${texts.join(",")}]`;
  }

  written(): void {
    this.isFixed = true;
    this.isWritten = true;
    this.#leaveRoom();
    for (const entry of this.objects()) entry.written();
  }

  gone(): void {
    for (const entry of this.objects()) entry.gone();
  }

  notWritten(): void {
    this.isWritten = false;
    for (const entry of this.objects()) entry.notWritten();
  }

  unencodable(): void {
    // Its text was made before: there is nothing left to encode.
  }

  /** What waited here goes, or is unpacked: its room is free. */
  #leaveRoom(): void {
    const bytes = this.#bytes;
    this.#bytes = 0;
    for (const entry of this.objects()) {
      entry.reserved = 0;
      entry.bundled = undefined;
    }
    this.#outbox.backlog.leave(bytes);
  }

  /** Texts of one message or more, and objects, in order. */
  #parts(): (string | OutboundEvent)[] {
    if (!this.#packed) return this.#entries.filter((entry) => entry !== undefined);
    return this.#packed.map((part) => (Buffer.isBuffer(part) ? part.toString() : part));
  }

  #pack(): void {
    if (this.isFixed) return;
    this.isFixed = true;
    const packed: (Buffer | OutboundEvent)[] = [];
    let texts: string[] = [];
    const closeTexts = () => {
      if (texts.length > 0) packed.push(Buffer.from(texts.join(",")));
      texts = [];
    };
    for (const entry of this.#entries) {
      if (typeof entry === "string") {
        texts.push(entry);
      } else if (entry) {
        closeTexts();
        packed.push(entry);
      }
    }
    closeTexts();
    this.#packed = packed;
    this.#entries = [];
  }

  /** Those of its messages that are objects still. */
  objects(): OutboundEvent[] {
    const entries = this.#packed ?? this.#entries;
    return entries.filter(
      (entry) => typeof entry === "object" && !Buffer.isBuffer(entry),
    ) as OutboundEvent[];
  }
}

/** The item of a message as text, with its payload. Only for a message whose payload was taken as JSON. */
export function textOf(event: OutboundEvent): string {
  const [told, { snapshot }] = [event.item(), event];
  if (isPatched()) protect(told);
  const item = JSON.stringify(told);
  // Joined, not concatenated: a concatenation would keep its parts in memory.
  if (snapshot?.form !== "text") return item;
  return [item.slice(0, -1), ",", snapshot.value as string, "]"].join("");
}
