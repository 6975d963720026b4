import type { Socket } from "node:net";
import {
  type BusError,
  bus,
  type EmitOptions,
  type Gathering,
  type Peer,
  type PeerTarget,
} from "../../lib/index.ts";
import type { Group, Job, Outcome, Recorder } from "../oracle/facts.ts";
import { allOf, anyOf } from "./groups.ts";

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
  /** All of a group get the same one. */
  readonly isForAll?: boolean;
  readonly text?: string;
  readonly ms?: number;
}

/** The key of the message to one member of a group, all of whom got the same payload. */
export function keyAt(name: string, question: string): string {
  return `${question}@${name}`;
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
  async say(to: Addressee | Job, what: Saying): Promise<void> {
    const key = this.nextKey;
    this.#last++;
    if ("target" in to) this.#sent(key, to.name, what);
    else this.#sent(key, `any of ${to.group}`, what, to);
    const receipt = this.#emit(key, to, what);
    if (!receipt || !what.wantsAck) return;
    this.#pending.add(key);
    try {
      const reply = await receipt.ackd();
      this.#settled(key, { reply });
    } catch (error) {
      this.#settled(key, failed(error as BusError));
    }
    this.#over(key);
  }

  /** Asks all of a group. Resolves, and never rejects, when all have answered or failed. */
  async ask(group: Group, what: Saying, nameOf: (peer: Peer) => string): Promise<void> {
    const question = this.nextKey;
    this.#last++;
    const all = allOf(what.namespace, group);
    const members = all.peers.map(nameOf);
    for (const name of members) this.#sent(keyAt(name, question), name, what);
    this.#record({ is: "asked", at: Date.now(), question, group, members });
    this.#pending.add(question);
    const data = { ...dataOf(question, what), isForAll: true };
    const gathering = all.emit(what.event, data, optionsOf(what));
    this.#watch(data, gathering);
    await this.#gather(question, gathering, nameOf);
    this.#over(question);
  }

  async #gather(
    question: string,
    gathering: Gathering,
    nameOf: (peer: Peer) => string,
  ): Promise<void> {
    const outcomes = gathering.ackd();
    // Each is on record when it is known, not when all are.
    for await (const { peer, status, value, reason } of gathering) {
      const key = keyAt(nameOf(peer), question);
      this.#settled(key, status === "fulfilled" ? { reply: value } : failed(reason));
    }
    const members = (await outcomes).map(({ peer }) => nameOf(peer));
    this.#record({ is: "gathered", at: Date.now(), question, members });
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

  #settled(key: string, outcome: Outcome): void {
    this.#record({ is: "settled", at: Date.now(), key, outcome });
  }

  #over(key: string): void {
    this.#pending.delete(key);
    for (const look of this.#onProgress.splice(0)) look();
  }

  #sent(key: string, to: string, what: Saying, job?: Job): void {
    this.#record({
      is: "sent",
      at: Date.now(),
      key,
      from: this.name,
      to,
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
      job,
    });
  }

  #emit(
    key: string,
    to: Addressee | Job,
    what: Saying,
  ): { ackd(callback?: undefined): Promise<unknown> } | undefined {
    const { namespace, event } = what;
    const data = dataOf(key, what);
    const options = optionsOf(what);
    try {
      const receipt =
        "target" in to
          ? bus.ns(namespace).to(to.target).emit(event, data, options)
          : anyOf(namespace, to).emit(event, data, {
              ...options,
              key: to.key,
              idempotent: to.isIdempotent,
            });
      this.#watch(data, receipt);
      return receipt;
    } catch (error) {
      // What throws leaves the handle with the caller.
      what.handle?.destroy();
      this.#record({ is: "thrown", at: Date.now(), key, code: (error as BusError).code });
      return undefined;
    }
  }

  #watch(...values: object[]): void {
    if (this.#last % WATCHED_OF !== 0) return;
    this.#watched.push(...values.map((value) => new WeakRef(value)));
  }
}

function dataOf(key: string, { length, ms, isBad }: Saying): object {
  return {
    key,
    ...(length && { text: "x".repeat(length) }),
    ...(ms !== undefined && { ms }),
    ...(isBad && { bad: unencodable() }),
  };
}

function optionsOf({ abortAfter, handle, queueHandle, timeout }: Saying): EmitOptions {
  return {
    signal: signalAfter(abortAfter),
    handle,
    queueHandle,
    timeout: timeout === null ? Infinity : timeout,
  };
}

function failed({ code, executed, message: text }: BusError): Outcome {
  return { code, executed, text };
}

function signalAfter(ms: number | undefined): AbortSignal | undefined {
  if (ms === undefined) return undefined;
  if (ms === 0) return AbortSignal.abort();
  const controller = new AbortController();
  setTimeout(() => controller.abort(), ms);
  return controller.signal;
}
