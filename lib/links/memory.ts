import type { End } from "../errors/bus-error.ts";
import { native } from "../time/native.ts";
import { bodyOf } from "../wire/protocol.ts";
import type { Serialization } from "../wire/serialization.ts";
import type { Link, LinkEvents } from "./link.ts";

/** What tests can do to a pair of memory links. */
interface MemoryPair {
  readonly left: MemoryLink;
  readonly right: MemoryLink;
  /** Both sides see the other gone. */
  cut(end?: End): void;
}

/** Two ends of a channel in one process, and what the other side is called at each. */
export function memoryPair(
  serialization: "json" | "clone" = "json",
  ids: readonly [left: string, right: string] = ["memory:left", "memory:right"],
): MemoryPair {
  const left = new MemoryLink(ids[0], serialization);
  const right = new MemoryLink(ids[1], serialization);
  left.other = right;
  right.other = left;
  return {
    left,
    right,
    cut(end: End = {}) {
      left.end(end);
      right.end(end);
    },
  };
}

/** A frame as the other side of a channel reads it. */
export function asCarried(serialization: Serialization, frame: object): unknown {
  return serialization === "json" ? JSON.parse(JSON.stringify(frame)) : structuredClone(frame);
}

/** One end of a pair. Frames arrive later, in order, and as the serialization leaves them. */
export class MemoryLink implements Link {
  readonly kind = "memory";
  readonly id: string;
  readonly serialization: Serialization;
  readonly carriesHandles = false;
  readonly forgetsEarlyFrames = false;
  readonly ended = undefined;
  readonly encodesLater = false;
  other: MemoryLink | undefined;
  /** What was sent, for tests that look at frames. */
  readonly sent: object[] = [];
  #isStopped = false;

  #events: LinkEvents | undefined;
  #held: (() => void)[] = [];
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

  send(frame: object, _handle: undefined, done: () => void): boolean {
    const copy = asCarried(this.serialization, frame);
    this.sent.push(frame);
    const write = () => {
      done();
      this.other?.receive(copy);
    };
    if (this.#isStopped) this.#held.push(write);
    else native.setImmediate(write);
    return !this.#isStopped;
  }

  /** Delivers a message as if the other side had sent it. */
  receive(message: unknown): void {
    const ours = bodyOf(message);
    if (ours && !this.#isOver) this.#events?.frame(ours.body, undefined);
  }

  /** From now on nothing that this end sends is taken: `done` is not called. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Sends what was held meanwhile. */
  resume(): void {
    this.#isStopped = false;
    for (const write of this.#held.splice(0)) native.setImmediate(write);
  }

  /** This end sees the other gone, after what has been sent. */
  end(end: End): void {
    native.setImmediate(() => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#events?.closed(end);
    });
  }

  hold(): void {
    // Nothing in memory keeps a process alive.
  }

  detach(): void {
    this.#isOver = true;
  }
}
