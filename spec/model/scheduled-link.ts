import type { End } from "../../lib/errors/bus-error.ts";
import type { Link, LinkEvents } from "../../lib/links/link.ts";
import { asCarried } from "../../lib/links/memory.ts";
import { bodyOf } from "../../lib/wire/protocol.ts";

/** A frame on its way, as the other side will read it. */
interface Sent {
  readonly copy: unknown;
  readonly done: (failure?: "channel") => void;
}

/**
 * One end of a channel on which nothing moves by itself: a test decides when a frame leaves this process,
 * when it arrives, and what is lost when the channel breaks.
 */
export class ScheduledLink implements Link {
  readonly kind = "memory";
  readonly id: string;
  readonly serialization: Link["serialization"];
  readonly carriesHandles = false;
  readonly forgetsEarlyFrames = false;
  readonly ended = undefined;
  readonly encodesLater = false;
  other: ScheduledLink | undefined;
  /** The other side does not read: what is sent has to wait in this process. */
  isStopped = false;
  isFailing = false;

  #events: LinkEvents | undefined;
  /** Given to the channel, but still in this process. */
  #unwritten: Sent[] = [];
  /** Written, and not read by the other side. */
  #onTheWay: unknown[] = [];
  #lastRead: unknown;
  #isOver = false;

  constructor(id: string, serialization: "json" | "clone") {
    this.id = id;
    this.serialization = serialization;
  }

  open(events: LinkEvents): void {
    this.#events = events;
  }

  succeed(events: LinkEvents): void {
    this.#events = events;
  }

  send(frame: object, _handle: undefined, done: (failure?: "channel") => void): boolean {
    const copy = asCarried(this.serialization, frame);
    this.#unwritten.push({ copy, done });
    return !this.isStopped;
  }

  /** The oldest frame that is still here leaves this process. Returns whether there was one. */
  write(): boolean {
    const sent = this.isStopped ? undefined : this.#unwritten.shift();
    if (!sent) return false;
    if (!this.isFailing) this.#onTheWay.push(sent.copy);
    sent.done(this.isFailing ? "channel" : undefined);
    return true;
  }

  /** The oldest frame under way is read by the other side. Returns whether there was one. */
  deliver(): boolean {
    if (this.#onTheWay.length === 0) return false;
    const copy = this.#onTheWay.shift();
    this.#lastRead = copy;
    this.other?.receive(structuredClone(copy));
    return true;
  }

  /** Node gives the frame that was read last to the other side once more. */
  redeliver(): void {
    if (this.#lastRead) this.other?.receive(structuredClone(this.#lastRead));
  }

  /** The channel takes nothing any more, and says so for each frame; that it broke is told later. */
  fail(): void {
    this.isFailing = true;
    for (const { done } of this.#unwritten.splice(0)) done("channel");
  }

  /** The channel broke: what was under way arrives or is lost, what is still here fails or is never told of. */
  break(end: End, arrives: boolean, tells: boolean): void {
    if (arrives) while (this.deliver());
    this.#onTheWay = [];
    const unwritten = this.#unwritten;
    this.#unwritten = [];
    if (tells) for (const { done } of unwritten) done("channel");
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events?.closed(end);
  }

  receive(message: unknown): void {
    const ours = bodyOf(message);
    if (ours && !this.#isOver) this.#events?.frame(ours.body, undefined);
  }

  hold(): void {
    // Nothing here keeps a process alive.
  }

  detach(): void {
    this.#isOver = true;
  }
}
