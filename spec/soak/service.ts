import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bus, bus, type Message } from "../../lib/index.ts";
import { PRIMARY, type Recorder } from "../oracle/facts.ts";
import { keyAt, type Payload, type Speaker, unencodable } from "./speaker.ts";

/** The namespaces that everybody opens: at once, late, and by hand. Nobody opens `never`. */
export const NAMESPACES = {
  atOnce: ["_", "a", "jobs"],
  late: "late",
  manual: "manual",
  never: "never",
} as const;

type Run = (data: Payload, message: Message) => unknown;

/** What everybody does for everybody else, in one namespace; each listener says first that it runs. */
export class Service {
  readonly #bus: Bus;
  readonly #namespace: string;
  readonly #speaker: Speaker;
  readonly #record: Recorder;
  readonly #events = new Set<string>();

  constructor(namespace: string, speaker: Speaker, record: Recorder, ready?: "manual") {
    this.#bus = bus.ns(namespace, ready && { ready });
    this.#namespace = namespace;
    this.#speaker = speaker;
    this.#record = record;
    const reply: Run = ({ key, text = "" }) => ({ key, length: text.length });
    this.on("note", () => undefined);
    this.on("echo", reply);
    this.on("slow", async (data, message) => {
      await sleep(data.ms);
      return reply(data, message);
    });
    this.on("fail", ({ key }) => {
      throw new RangeError(key);
    });
    this.on("fail-late", async ({ key, ms }) => {
      await sleep(ms);
      throw new RangeError(key);
    });
    this.on("mute", unencodable);
    this.on("block", (data, message) => {
      block(data.ms ?? 0);
      return reply(data, message);
    });
    this.on("ask", async (data, message) => {
      await this.#askBack(message);
      return reply(data, message);
    });
    this.on("socket", (data, message) => {
      const socket = message.handle as Socket;
      socket.on("error", () => {});
      // What is not read is never closed.
      socket.resume();
      socket.end(`${speaker.name} has ${data.key}`);
      return reply(data, message);
    });
  }

  /** Adds a listener that is on record. */
  on(event: string, run: Run): void {
    this.#events.add(event);
    const { name } = this.#speaker;
    const namespace = this.#namespace;
    this.#bus.on(event, (payload: Payload, message) => {
      const key = payload.isForAll ? keyAt(name, payload.key) : payload.key;
      const data = { ...payload, key };
      this.#record({ is: "handled", at: Date.now(), key, by: name, namespace });
      const result = run(data, message);
      if (!(result instanceof Promise)) return result;
      return result.finally(() => this.#record({ is: "finished", at: Date.now(), key }));
    });
  }

  /** Lets go of all listeners. */
  off(): void {
    for (const event of this.#events) this.#bus.off(event);
  }

  ready(): void {
    this.#bus.ready();
  }

  /** A listener that needs somebody else before it can answer. */
  async #askBack(message: Message): Promise<void> {
    const name = this.#speaker.name === PRIMARY ? senderOf(message) : PRIMARY;
    const to = { name, target: message.peer };
    const saying = { namespace: "a", event: "echo", wantsAck: true, inherits: true };
    await this.#speaker.say(to, saying);
  }
}

/** Keeps the event loop for so many ms. */
export function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

function senderOf(message: Message): string {
  const { key } = message.data as Payload;
  return key.slice(0, key.lastIndexOf(":"));
}
