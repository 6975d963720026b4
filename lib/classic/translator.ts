import type { Speaker, Translator } from "../links/dialect.ts";
import type { SendFailure } from "../links/link.ts";
import type { Handle } from "../wire/handle.ts";
import { Flag, FRAME_KEY, Item, type WireItem } from "../wire/protocol.ts";
import type { WireFailure } from "../wire/remote-error.ts";
import { UNHANDLED, UNKNOWN_NAMESPACE } from "./errors.ts";
import { Held, type HeldMessage } from "./held.ts";
import { Probes } from "./probes.ts";
import { announcedIn, itemsOf, splitFrame } from "./split.ts";
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

type Done = (failure?: SendFailure) => void;

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
  /** From now on what comes over the link is taken here; or no more. */
  serve(link: string, isServed: boolean): void;
}

/**
 * Speaks version 1 on one link. A namespace of the other side is spoken to in version 1 if only that has told of it: there may be
 * copies of both versions over there.
 */
export class V1Translator implements Translator {
  readonly #speaker: Speaker;
  readonly #copies: Copies;
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
  /** The event whose handle was sent last in version 1. */
  #handleOf: number | undefined;
  /** What was sent of a frame before an item of it could not be encoded: the frame comes again, in parts. */
  readonly #sent = new Set<unknown>();

  constructor(speaker: Speaker, copies: Copies) {
    this.#speaker = speaker;
    this.#copies = copies;
    this.#isUpward = speaker.kind === "parent";
    this.#asks = this.#isUpward || copies.isLate(speaker.id);
    this.#held = new Held((message) => this.#refuse(message, UNKNOWN_NAMESPACE));
    this.#probes = new Probes((ns) => this.#tell({ ns, cmd: PROBE, seq: OURS }));
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
      this.#tell({ ns: INTERNAL, cmd: WORKER_READY, seq: OURS, payload });
    }
    for (const { event, handle } of this.#held.take(namespace)) this.#deliver(event, handle);
  }

  awaits(namespace: string, isAwaited: () => boolean): void {
    if (this.#asks && !this.#theirs.has(namespace)) this.#probes.begin(namespace, isAwaited);
  }

  // What comes.

  overhear(body: unknown): void {
    if (this.#theirs.size === 0 && this.#probes.areIdle) return;
    for (const namespace of announcedIn(body)) {
      this.#theirs.delete(namespace);
      this.#probes.end(namespace);
    }
  }

  receive(message: unknown, handle: Handle | undefined): boolean {
    const said = v1BodyOf(message);
    if (!said) return false;
    const { events } = this.#speaker;
    try {
      const body = readV1(said.body);
      if ("ack" in body) {
        this.#receiveAck(body);
        events.items([], handle);
      } else {
        this.#receiveEvent(body, handle);
      }
    } catch {
      // Counted as what it is: something that nobody sends.
      events.frame(undefined, handle);
    }
    return true;
  }

  #receiveEvent(event: V1Event, handle: Handle | undefined): void {
    const { ns, cmd, seq } = event;
    if (ns === INTERNAL || cmd === PROBE) {
      this.#speaker.events.items([], handle);
      if (cmd !== PROBE) this.#receiveInternal(event);
      return;
    }
    // Who sends in a namespace has it.
    if (seq < OURS) this.#discover(ns);
    if (this.#open.has(ns)) this.#deliver(event, handle);
    else this.#held.add({ event, handle });
  }

  #receiveInternal({ ns, cmd, seq, payload }: V1Event): void {
    if (cmd !== WORKER_READY || this.#isUpward) {
      this.#tell({ ns, ack: seq, reply: null, error: UNHANDLED });
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
      const item: WireItem = error
        ? [Item.ACK | Flag.FAILURE, ack - OURS, 0, failureOf(error)]
        : [Item.ACK, ack - OURS, 0, reply];
      this.#speaker.events.items([item], undefined);
    } else if (ns !== INTERNAL) {
      this.#probes.isAnswered = true;
      if (error === UNHANDLED) this.#discover(ns);
    }
  }

  /** A namespace over there listens to version 1. */
  #discover(namespace: string): void {
    if (this.#theirs.has(namespace)) return;
    this.#probes.end(namespace);
    try {
      // If it also listens to our frames, it gets frames.
      if (this.#speaker.events.ready(namespace)) this.#theirs.add(namespace);
    } catch {
      // One of more namespaces than there may be.
      this.#speaker.events.frame(undefined, undefined);
    }
  }

  #deliver({ ns, cmd, seq, payload }: V1Event, handle: Handle | undefined): void {
    let place = this.#heard.indexOf(ns);
    if (place < 0) place = this.#heard.push(ns) - 1;
    // Version 1 acknowledges whatever was handled; the id tells later to whom.
    const head = Item.EVENT | Flag.WANTS_ACK | (handle ? Flag.HANDLE : 0);
    const id = (place + 1) * SEQUENCES + seq;
    this.#speaker.events.items([[head, id, ns, cmd, 0, payload]], handle);
  }

  #refuse({ event, handle }: HeldMessage, error: string): void {
    this.#speaker.events.items([], handle);
    this.#tell({ ns: event.ns, ack: event.seq, reply: null, error });
  }

  // What goes.

  send(frame: object, handle: Handle | undefined, done: Done): boolean {
    if (this.#theirs.size === 0 && this.#heard.length === 0) {
      return this.#speaker.write(frame, handle, done);
    }
    if (this.#isHandleCheck(frame)) return this.#answerHandleCheck(frame, done);
    const { taken, rest } = splitFrame(frame, this.#isForV1);
    if (taken.length === 0) return this.#speaker.write(frame, handle, done);
    const wrote = allOf(taken.length + (rest ? 1 : 0), done);
    let writable = true;
    let said = 0;
    try {
      for (const item of taken) {
        writable = this.#say(item, handle, wrote) && writable;
        said++;
      }
      return rest ? this.#speaker.write(rest, undefined, wrote) && writable : writable;
    } catch (error) {
      for (const [, id] of taken.slice(0, said)) this.#sent.add(id);
      throw error;
    }
  }

  readonly #isForV1 = (item: WireItem): boolean => {
    const kind = (item[0] as number) & 15;
    if (kind === Item.EVENT) return this.#theirs.has(item[2] as string);
    return kind === Item.ACK && (item[1] as number) >= SEQUENCES;
  };

  /** Sends an event, or an ack, as a message of version 1. */
  #say(item: WireItem, handle: Handle | undefined, done: Done): boolean {
    const [head, id, ns, cmd] = item as [number, number, string, string];
    if (this.#sent.delete(id)) {
      process.nextTick(done);
      return true;
    }
    if ((head & 15) === Item.ACK) return this.#speaker.write(this.#ackOf(item), undefined, done);
    if (handle) this.#handleOf = id;
    const event = { ns, cmd, seq: OURS + id, payload: item[5] };
    return this.#speaker.write(v1Message(event), handle, done);
  }

  #ackOf([head, id, , payload]: WireItem): object {
    const place = Math.floor((id as number) / SEQUENCES) - 1;
    const ns = this.#heard[place] as string;
    const ack = (id as number) % SEQUENCES;
    return (head as number) & Flag.FAILURE
      ? v1Message({ ns, ack, reply: null, error: errorOf(payload as WireFailure) })
      : v1Message({ ns, ack, reply: payload });
  }

  /**
   * Version 1 cannot say whether a handle has come. But Node holds back what follows a handle until the other side
   * has taken it: once the question has left, the handle has arrived.
   */
  #answerHandleCheck(frame: object, done: Done): boolean {
    const id = this.#handleOf;
    this.#handleOf = undefined;
    return this.#speaker.write(frame, undefined, (failure) => {
      if (!failure) this.#speaker.events.items([[Item.HANDLE_RESULT, id, true]], undefined);
      done(failure);
    });
  }

  #isHandleCheck(frame: object): boolean {
    if (this.#handleOf === undefined) return false;
    const [item] = itemsOf((frame as Record<string, unknown[]>)[FRAME_KEY] ?? []);
    return item?.[0] === Item.HANDLE_CHECK && item[1] === this.#handleOf;
  }

  /** What no message of the bus is about. */
  #tell(body: V1Event | V1Ack): void {
    try {
      this.#speaker.write(v1Message(body), undefined, () => undefined);
    } catch {
      // The other side is gone.
    }
  }
}

/** Calls `done` when it was called so often; with a failure only if nothing at all was taken. */
function allOf(count: number, done: Done): Done {
  let left = count;
  let isAnyTaken = false;
  return (failure) => {
    if (!failure) isAnyTaken = true;
    if (--left === 0) done(isAnyTaken ? undefined : failure);
  };
}
