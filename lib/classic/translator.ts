import { messageOf } from "../errors/bus-error.ts";
import type { OutboundMessage } from "../message/outbound.ts";
import type { OutboundAck } from "../message/outbound-ack.ts";
import type { Speaker, Translator } from "../peer/dialect.ts";
import { discard, type Handle } from "../wire/handle.ts";
import type { WireFailure } from "../wire/remote-error.ts";
import { UNHANDLED, UNKNOWN_NAMESPACE } from "./errors.ts";
import { Held, type HeldMessage } from "./held.ts";
import { Probes } from "./probes.ts";
import {
  errorOf,
  failureOf,
  INTERNAL,
  isName,
  OURS,
  readV1,
  SEQUENCES,
  type V1Ack,
  type V1Event,
  v1BodyOf,
  v1Message,
  WORKER_READY,
} from "./v1.ts";

/** A command that nobody has. */
const PROBE = "clusterphone: is this namespace open?";

/** What the copies of version 1 in this process have to do with a link. */
export interface Copies {
  /** An acknowledgement of what one of them has sent. */
  acknowledge(link: string, ack: V1Ack): void;
  /** A namespace of that worker listens. */
  workerReady(link: string, namespace: string): void;
  /** Whether one of them has told that the namespace listens. */
  hasAnnounced(namespace: string): boolean;
  /** Whether the other side may have said what it has to say before anybody listened. */
  isLate(link: string): boolean;
  /** Whether what comes over the link is taken here, or left to whoever took it before. */
  serve(link: string, isServed: boolean): void;
}

/**
 * Speaks version 1 on one link. A namespace of the other side is spoken to in version 1 if only that has told of it: there may be
 * copies of both versions over there.
 */
export class V1Translator implements Translator {
  readonly #speaker: Speaker;
  readonly #copies: Copies;
  readonly #online: () => void;
  readonly #isUpward: boolean;
  readonly #asks: boolean;
  /** Namespaces over there that listen to version 1 only. */
  readonly #theirs = new Set<string>();
  /** Namespaces here that take messages. */
  readonly #open = new Set<string>();
  /** Those in which version 1 has spoken to us; the place of one is in the ids of its messages. */
  readonly #heard: string[] = [];
  readonly #held: Held;
  readonly #probes: Probes;

  /** Calls `online` when the other side has answered: a primary with version 1 tells of none of its namespaces. */
  constructor(speaker: Speaker, copies: Copies, online: () => void) {
    this.#speaker = speaker;
    this.#copies = copies;
    this.#online = online;
    this.#isUpward = speaker.kind === "parent";
    this.#asks = this.#isUpward || copies.isLate(speaker.id);
    this.#held = new Held((message) => this.#refuse(message, UNKNOWN_NAMESPACE));
    this.#probes = new Probes((ns) => this.#say({ ns, cmd: PROBE, seq: OURS }));
    copies.serve(speaker.id, true);
  }

  close(): void {
    this.#held.close();
    this.#probes.close();
    this.#copies.serve(this.#speaker.id, false);
  }

  /** A worker tells the primary, as version 1 does; it adds that our frames tell it, too. */
  opened(namespace: string): void {
    if (this.#open.has(namespace)) return;
    this.#open.add(namespace);
    if (this.#isUpward && !this.#copies.hasAnnounced(namespace)) {
      const payload = { targetNs: namespace, version: 2 };
      this.#say({ ns: INTERNAL, cmd: WORKER_READY, seq: OURS, payload });
    }
    for (const { event, handle } of this.#held.take(namespace)) this.#deliver(event, handle);
  }

  awaits(namespace: string, isAwaited: () => boolean): void {
    if (this.#asks && !this.#theirs.has(namespace)) this.#probes.begin(namespace, isAwaited);
  }

  // What comes.

  announced(namespace: string): void {
    if (this.#theirs.delete(namespace) || !this.#probes.areIdle) this.#probes.end(namespace);
  }

  receive(message: unknown, handle: Handle | undefined): boolean {
    const said = v1BodyOf(message);
    if (!said) return false;
    let untaken = handle;
    try {
      const body = readV1(said.body);
      if ("ack" in body) this.#receiveAck(body);
      else if (this.#receiveEvent(body, handle)) untaken = undefined;
    } catch (error) {
      this.#speaker.protocolError(`in version 1: ${messageOf(error)}`);
    }
    if (untaken) discard(untaken);
    return true;
  }

  /** Returns whether the handle belongs to it. */
  #receiveEvent(event: V1Event, handle: Handle | undefined): boolean {
    const { ns, cmd, seq } = event;
    if (cmd === PROBE) return false;
    if (ns === INTERNAL) {
      this.#receiveInternal(event);
      return false;
    }
    // Who sends in a namespace has it.
    if (seq < OURS) this.#discover(ns);
    if (this.#open.has(ns)) this.#deliver(event, handle);
    else this.#held.add({ event, handle });
    return true;
  }

  #receiveInternal({ ns, cmd, seq, payload }: V1Event): void {
    if (cmd !== WORKER_READY || this.#isUpward) {
      this.#say({ ns, ack: seq, reply: null, error: UNHANDLED });
      return;
    }
    const { targetNs, version } = payload as { targetNs?: unknown; version?: unknown };
    if (!isName(targetNs)) throw new TypeError("a namespace without a name is ready");
    if (version !== 2) this.#discover(targetNs);
    this.#copies.workerReady(this.#speaker.id, targetNs);
  }

  #receiveAck(said: V1Ack): void {
    const { ns, ack, reply, error } = said;
    if (ack < OURS) {
      this.#copies.acknowledge(this.#speaker.id, said);
    } else if (ack > OURS) {
      this.#speaker.receiveAck({
        id: ack - OURS,
        payload: error ? failureOf(error) : reply,
        isFailure: Boolean(error),
        isUnheard: false,
        headers: undefined,
      });
    } else if (ns !== INTERNAL) {
      this.#probes.isAnswered = true;
      this.#online();
      if (error === UNHANDLED) this.#discover(ns);
    }
  }

  /** A namespace over there listens to version 1. */
  #discover(namespace: string): void {
    if (this.#theirs.has(namespace)) return;
    this.#probes.end(namespace);
    try {
      // If it also listens to our frames, it gets frames.
      if (this.#speaker.ready(namespace)) this.#theirs.add(namespace);
    } catch (error) {
      // One of more namespaces than there may be.
      this.#speaker.protocolError(`in version 1: ${messageOf(error)}`);
    }
  }

  #deliver({ ns, cmd, seq, payload }: V1Event, handle: Handle | undefined): void {
    let place = this.#heard.indexOf(ns);
    if (place < 0) place = this.#heard.push(ns) - 1;
    this.#speaker.receiveEvent({
      namespace: ns,
      event: cmd,
      // It tells later to whom the acknowledgement goes.
      id: (place + 1) * SEQUENCES + seq,
      data: payload,
      headers: undefined,
      // Version 1 acknowledges whatever was handled.
      wantsAck: true,
      handle,
      remaining: undefined,
      isCancellable: false,
    });
  }

  #refuse({ event, handle }: HeldMessage, error: string): void {
    if (handle) discard(handle);
    this.#say({ ns: event.ns, ack: event.seq, reply: null, error });
  }

  // What goes.

  speaksTo(message: OutboundMessage): boolean {
    if (message.kind === "ack") return message.id >= SEQUENCES;
    return this.#theirs.size > 0 && this.#theirs.has(message.namespace);
  }

  translate(message: OutboundMessage, payload: unknown): object {
    // By its kind, not its class: the bus may be that of another copy of the package.
    if (message.kind === "ack") return this.#translateAck(message as OutboundAck, payload);
    const { namespace, event, id } = message;
    return v1Message({ ns: namespace, cmd: event, seq: OURS + id, payload });
  }

  #translateAck({ id, failure }: OutboundAck, reply: unknown): object {
    const ns = this.#heard[Math.floor(id / SEQUENCES) - 1] as string;
    const ack = id % SEQUENCES;
    return failure
      ? v1Message({ ns, ack, reply: null, error: errorOf(reply as WireFailure) })
      : v1Message({ ns, ack, reply });
  }

  /** What no message of the bus is about. */
  #say(body: V1Event | V1Ack): void {
    this.#speaker.say(v1Message(body));
  }
}
