import type { Handle } from "../wire/handle.ts";
import { measureAtLeast } from "../wire/size.ts";
import { TIME_TO_OPEN } from "./unopened.ts";
import type { V1Event } from "./v1.ts";

/** Messages, and bytes, that wait for namespaces of this process, at most. */
const MOST_MESSAGES = 1000;
const MOST_BYTES = 16 * 2 ** 20;

/** A message of version 1, with the handle that came along. */
export interface HeldMessage {
  readonly event: V1Event;
  readonly handle: Handle | undefined;
}

/**
 * Messages for namespaces that are not open yet. A sender with version 1 does not wait for a namespace of the other side
 * to open, so the messages wait here: otherwise it depended on the time whether a namespace is known.
 */
export class Held {
  readonly #refuse: (message: HeldMessage) => void;
  readonly #waiting = new Map<
    string,
    { messages: HeldMessage[]; bytes: number; timer: NodeJS.Timeout }
  >();
  #messages = 0;
  #bytes = 0;

  /** `refuse` gets what cannot wait, or has waited in vain. */
  constructor(refuse: (message: HeldMessage) => void) {
    this.#refuse = refuse;
  }

  add(message: HeldMessage): void {
    const size = measureAtLeast(message.event.payload);
    const isFull = this.#messages >= MOST_MESSAGES || this.#bytes + size > MOST_BYTES;
    if (isFull) {
      this.#refuse(message);
      return;
    }
    const { ns } = message.event;
    let waiting = this.#waiting.get(ns);
    if (!waiting) {
      waiting = {
        messages: [],
        bytes: 0,
        timer: setTimeout(() => this.#giveUp(ns), TIME_TO_OPEN).unref(),
      };
      this.#waiting.set(ns, waiting);
    }
    waiting.messages.push(message);
    waiting.bytes += size;
    this.#messages++;
    this.#bytes += size;
  }

  /** What waits for a namespace, in order. */
  take(namespace: string): HeldMessage[] {
    const waiting = this.#waiting.get(namespace);
    if (!waiting) return [];
    this.#waiting.delete(namespace);
    clearTimeout(waiting.timer);
    this.#messages -= waiting.messages.length;
    this.#bytes -= waiting.bytes;
    return waiting.messages;
  }

  /** Refuses all. */
  close(): void {
    for (const namespace of this.#waiting.keys()) this.#giveUp(namespace);
  }

  #giveUp(namespace: string): void {
    for (const message of this.take(namespace)) this.#refuse(message);
  }
}
