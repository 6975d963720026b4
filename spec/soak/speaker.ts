import type { Socket } from "node:net";
import { type BusError, bus, type PeerTarget } from "../../lib/index.ts";
import type { Recorder } from "../oracle/facts.ts";

/** Whom a message is for. */
export interface Addressee {
  readonly name: string;
  readonly target: PeerTarget;
}

/** What is said, and how. */
export interface Saying {
  readonly namespace: string;
  readonly event: string;
  readonly wantsAck?: boolean;
  /** ms; `null` is for ever, and the bus's own limit where it is left out. */
  readonly timeout?: number | null | undefined;
  /** Bytes of text to go with it. */
  readonly length?: number | undefined;
  /** ms after which its signal aborts; with 0 it has aborted before. */
  readonly abortAfter?: number | undefined;
  /** For the listener: how long it shall take. */
  readonly ms?: number | undefined;
  readonly inherits?: boolean;
  readonly handle?: Socket | undefined;
  readonly queueHandle?: boolean;
  readonly isBad?: boolean;
}

/** What a listener gets. */
export interface Payload {
  readonly key: string;
  readonly text?: string;
  readonly ms?: number;
}

/** One message of so many is looked after, to see that it is let go. */
const WATCHED_OF = 50;

/** Something of which each channel refuses a part. */
export function unencodable(): object {
  return { number: 1n, method: () => 0 };
}

/** Sends messages, and records each before it is emitted and when it has settled. */
export class Speaker {
  readonly name: string;
  readonly #record: Recorder;
  readonly #pending = new Set<string>();
  /** Some of what was sent, and of what `emit` returned. */
  #watched: WeakRef<object>[] = [];
  #last = 0;
  #onProgress: (() => void)[] = [];

  constructor(name: string, record: Recorder) {
    this.name = name;
    this.#record = record;
    bus.lifecycle.on("undelivered", (error, message) => {
      const { key } = message.data as Payload;
      const { code, executed } = error;
      record({ is: "reported", at: Date.now(), key, by: name, code, executed });
    });
    bus.lifecycle.on("protocolError", (error) => {
      record({ is: "crashed", at: Date.now(), who: name, text: error.message });
    });
  }

  /** Emits a message. Resolves, and never rejects, when it has settled; at once if no ack is wanted. */
  async say(to: Addressee, what: Saying): Promise<void> {
    const key = this.#sent(to, what);
    const receipt = this.#emit(key, to, what);
    if (!receipt || !what.wantsAck) return;
    this.#pending.add(key);
    try {
      const reply = await receipt.ackd();
      this.#record({ is: "settled", at: Date.now(), key, outcome: { reply } });
    } catch (error) {
      const { code, executed, message: text } = error as BusError;
      this.#record({ is: "settled", at: Date.now(), key, outcome: { code, executed, text } });
    }
    this.#pending.delete(key);
    for (const look of this.#onProgress.splice(0)) look();
  }

  /** The key that the next message will have. */
  get nextKey(): string {
    return `${this.name}:${this.#last + 1}`;
  }

  /** Resolves when nothing is pending. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) {
      await new Promise<void>((resolve) => this.#onProgress.push(resolve));
    }
  }

  /** What has not settled. */
  get pending(): string[] {
    return [...this.#pending];
  }

  /** How much of that is still there. When all has settled, and was collected, it is nothing. */
  get retained(): number {
    this.#watched = this.#watched.filter((each) => each.deref());
    return this.#watched.length;
  }

  /** What was never settled is another round's no more. */
  forget(): void {
    this.#pending.clear();
  }

  #sent(to: Addressee, what: Saying): string {
    const key = this.nextKey;
    this.#last++;
    this.#record({
      is: "sent",
      at: Date.now(),
      key,
      from: this.name,
      to: to.name,
      namespace: what.namespace,
      event: what.event,
      wantsAck: what.wantsAck ?? false,
      timeout: what.timeout === undefined ? bus.ackTimeout : what.timeout,
      length: what.length ?? 0,
      aborts: what.abortAfter !== undefined,
      inherits: what.inherits ?? false,
      hasHandle: what.handle !== undefined,
      isBad: what.isBad ?? false,
      isObstructed: false,
    });
    return key;
  }

  #emit(
    key: string,
    to: Addressee,
    what: Saying,
  ): { ackd(callback?: undefined): Promise<unknown> } | undefined {
    const { namespace, event, handle, length, ms } = what;
    const data = {
      key,
      ...(length && { text: "x".repeat(length) }),
      ...(ms !== undefined && { ms }),
      ...(what.isBad && { bad: unencodable() }),
    };
    try {
      const receipt = bus
        .ns(namespace)
        .to(to.target)
        .emit(event, data, {
          signal: signalAfter(what.abortAfter),
          handle,
          queueHandle: what.queueHandle,
          timeout: what.timeout === null ? Infinity : what.timeout,
        });
      if (this.#last % WATCHED_OF === 0) {
        this.#watched.push(new WeakRef(data), new WeakRef(receipt));
      }
      return receipt;
    } catch (error) {
      // What throws leaves the handle with the caller.
      handle?.destroy();
      this.#record({ is: "thrown", at: Date.now(), key, code: (error as BusError).code });
      return undefined;
    }
  }
}

function signalAfter(ms: number | undefined): AbortSignal | undefined {
  if (ms === undefined) return undefined;
  if (ms === 0) return AbortSignal.abort();
  const controller = new AbortController();
  setTimeout(() => controller.abort(), ms);
  return controller.signal;
}
