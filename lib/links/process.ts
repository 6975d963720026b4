import type { ChildProcess } from "node:child_process";
import type { End } from "../errors/bus-error.ts";
import { discard, type Handle } from "../wire/handle.ts";
import { bodyOf } from "../wire/protocol.ts";
import type { Serialization } from "../wire/serialization.ts";
import { ForeignMessages } from "./foreign.ts";
import type { Link, LinkEvents, PeerKind, SendFailure } from "./link.ts";

/** Between the two signs of an end, exit and the end of the channel, at most this many ms pass. */
const SECOND_SIGN = 100;
/** How often a channel is looked at, in ms, while Node might not tell that it ended. */
const LOOK_EVERY = 100;

/** What a write to a channel fails with when the other side is gone. */
const BROKEN = new Set(["EPIPE", "ECONNRESET", "ERR_IPC_CHANNEL_CLOSED"]);

/** What a child, and a process for its parent, have in common. */
type Channel = ChildProcess | NodeJS.Process;

/** The reference count of a channel; Node's types leave it out. */
interface Counted {
  refCounted?(): void;
  unrefCounted?(): void;
}

/** The IPC channel of `child_process.fork` and `cluster`, seen from either end. */
export class ProcessLink implements Link {
  readonly kind: PeerKind;
  readonly id: string;
  // Node does not tell which it is; the hello does.
  readonly serialization: Serialization = "unknown";
  readonly carriesHandles = true;
  readonly forgetsEarlyFrames: boolean;

  readonly #channel: Channel;
  readonly #isParent: boolean;
  #events: LinkEvents | undefined;
  #foreign: ForeignMessages | undefined;
  #sawExit = false;
  #sawDisconnect = false;
  #end: End = {};
  #isOver = false;
  #holds = false;
  #looking: NodeJS.Timeout | undefined;

  constructor(channel: Channel, kind: PeerKind, id: string) {
    this.#channel = channel;
    this.kind = kind;
    this.id = id;
    this.#isParent = kind === "parent";
    this.forgetsEarlyFrames = this.#isParent;
  }

  get ended(): End | undefined {
    const { connected, exitCode } = this.#channel;
    const signal = this.#isParent ? null : (this.#channel as ChildProcess).signalCode;
    const hasExited = !this.#isParent && (typeof exitCode === "number" || signal !== null);
    if (connected && !hasExited) return undefined;
    return this.#isParent ? {} : endOf(exitCode as number | null, signal);
  }

  /** Behind a handle that is not acknowledged, ours or anybody's, Node keeps messages as they are. */
  get encodesLater(): boolean {
    return Array.isArray((this.#channel as { _handleQueue?: unknown })._handleQueue);
  }

  open(events: LinkEvents): void {
    this.#events = events;
    this.#channel.on("message", this.#onMessage as never);
    this.#channel.on("disconnect", this.#onDisconnect);
    this.#channel.on("newListener", this.#onNewListener as never);
    if (this.#isParent) {
      // Each listener counts as a reason to stay alive; ours are none.
      this.#count("unrefCounted", 2);
    } else {
      this.#channel.on("exit", this.#onExit as never);
    }
    this.#foreign = new ForeignMessages(this.#channel as never, true);
  }

  send(frame: object, handle: Handle | undefined, done: (failure?: SendFailure) => void): boolean {
    // Always with a callback: without one, Node emits 'error' on the user's process object.
    const channel = this.#channel as ChildProcess;
    if (!handle) {
      channel.send(frame, (error) => done(error ? "channel" : undefined));
      return true;
    }
    this.#lookForEnd();
    channel.send(frame, handle, { keepOpen: true }, (error) => {
      const isBroken = !channel.connected || BROKEN.has((error as { code?: string })?.code ?? "");
      done(error ? (isBroken ? "channel" : "handle") : undefined);
    });
    return true;
  }

  hold(alive: boolean): void {
    if (!this.#isParent || alive === this.#holds) return;
    this.#holds = alive;
    this.#count(alive ? "refCounted" : "unrefCounted", 1);
  }

  detach(): void {
    this.hold(false);
    if (this.#isParent) this.#count("refCounted", 2);
    else this.#channel.off("exit", this.#onExit as never);
    this.#channel.off("message", this.#onMessage as never);
    this.#channel.off("disconnect", this.#onDisconnect);
    this.#channel.off("newListener", this.#onNewListener as never);
    this.#foreign?.leave();
    this.#isOver = true;
    clearInterval(this.#looking);
  }

  readonly #onMessage = (message: unknown, handle: Handle | undefined): void => {
    const ours = bodyOf(message);
    if (ours) this.#events?.frame(ours.body, handle);
    else if (!this.#events?.foreign(message, handle)) this.#foreign?.take(message, handle);
  };

  readonly #onExit = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
    this.#sawExit = true;
    this.#end = endOf(exitCode, signal);
    this.#seeEnd();
  };

  readonly #onDisconnect = (): void => {
    this.#sawDisconnect = true;
    this.#seeEnd();
  };

  /**
   * A `disconnect()` while a long message is being read: Node waits for its end by listening to its own event, but
   * has stopped to emit it, and neither side would ever hear that the channel is closed. So it is emitted here, empty.
   */
  readonly #onNewListener = (event: string): void => {
    if (event !== "internalMessage" || this.#channel.connected) return;
    process.nextTick(() => (this.#channel as ChildProcess).emit("internalMessage", {}));
  };

  /** A parent's exit cannot be seen, only that its end of the channel is closed. */
  #seeEnd(): void {
    if (this.#sawDisconnect && (this.#sawExit || this.#isParent)) this.#closeSoon();
    else setTimeout(() => this.#closeSoon(), SECOND_SIGN);
  }

  /** After what has arrived was read: the poll phase comes before the immediate. */
  #closeSoon(): void {
    setImmediate(() => {
      if (this.#isOver) return;
      this.#isOver = true;
      // What Node still reads of a dead peer is a TypeError of its own if nobody listens and the channel is closed.
      if (!this.#isParent) this.#channel.on("message", ignore as never);
      this.#events?.closed(this.#end);
    });
  }

  /**
   * With a handle under way Node does not tell that the channel ended, so look. As long as there is a channel
   * it has not: a `disconnect()` waits for the handle, and would wait forever if that were closed before it is written.
   */
  #lookForEnd(): void {
    clearInterval(this.#looking);
    this.#looking = setInterval(() => {
      const isOver = !this.#channel.channel;
      if (!isOver && this.encodesLater) return;
      clearInterval(this.#looking);
      if (isOver && !this.#sawDisconnect) this.#onDisconnect();
    }, LOOK_EVERY).unref();
  }

  #count(how: "refCounted" | "unrefCounted", times: number): void {
    const channel = (this.#channel as NodeJS.Process).channel as Counted | null | undefined;
    for (let time = 0; time < times; time++) channel?.[how]?.();
  }
}

/** It comes too late. A handle of ours has nobody else who would close it. */
function ignore(message: unknown, handle: Handle | undefined): void {
  if (handle && bodyOf(message)) discard(handle);
}

function endOf(exitCode: number | null, signal: NodeJS.Signals | null): End {
  if (signal) return { signal };
  return typeof exitCode === "number" ? { exitCode } : {};
}
