import type { ChildProcess } from "node:child_process";
import type { End } from "../errors/bus-error.ts";
import { native } from "../time/native.ts";
import { discard, type Handle } from "../wire/handle.ts";
import { bodyOf } from "../wire/protocol.ts";
import type { Serialization } from "../wire/serialization.ts";
import { ForeignMessages } from "./foreign.ts";
import type { Link, LinkEvents, PeerKind, SendFailure } from "./link.ts";
import { Sender } from "./sender.ts";
import {
  type AnyListener,
  errorMonitor,
  type StandingEvents,
  StandingListeners,
} from "./standing.ts";

/** Between the two signs of an end, exit and the end of the channel, at most this many ms pass. */
const SECOND_SIGN = 100;
/** How often a channel is looked at, in ms, while Node might not tell that it ended. */
const LOOK_EVERY = 100;

/** What a child, and a process for its parent, have in common. */
type Channel = ChildProcess | NodeJS.Process;

/** The reference count of a channel; Node's types leave it out. */
interface Counted {
  refCounted?(): void;
  unrefCounted?(): void;
}

/** The IPC channel of `child_process.fork` and `cluster`, seen from either end. */
export class ProcessLink implements Link, StandingEvents {
  readonly kind: PeerKind;
  readonly id: string;
  // Node does not tell which it is; the hello does.
  readonly serialization: Serialization = "unknown";
  readonly carriesHandles = true;
  readonly forgetsEarlyFrames: boolean;

  readonly #channel: Channel;
  readonly #isParent: boolean;
  readonly #sender: Sender;
  readonly #listeners: StandingListeners;
  readonly #foreign = new ForeignMessages();
  #events: LinkEvents | undefined;
  #sawExit = false;
  #sawDisconnect = false;
  #end: End = {};
  #isOver = false;
  #isListening = true;
  #holds = false;
  #looking: NodeJS.Timeout | undefined;
  /** For the second sign of an end. */
  #waiting: NodeJS.Timeout | undefined;

  constructor(channel: Channel, kind: PeerKind, id: string, forgetsEarlyFrames: boolean) {
    this.#channel = channel;
    this.kind = kind;
    this.id = id;
    this.#isParent = kind === "parent";
    this.forgetsEarlyFrames = forgetsEarlyFrames;
    this.#sender = new Sender(channel as ChildProcess, () => this.#seeClosed());
    const listeners: [string | symbol, AnyListener][] = [
      ["message", this.#onMessage],
      ["disconnect", this.#onDisconnect],
    ];
    if (!this.#isParent) listeners.push(["exit", this.#onExit], [errorMonitor(), this.#onError]);
    this.#listeners = new StandingListeners(channel, listeners, this);
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
    this.#listeners.place();
  }

  succeed(events: LinkEvents): void {
    this.#events = events;
  }

  send(frame: object, handle: Handle | undefined, done: (failure?: SendFailure) => void): boolean {
    if (handle) this.#lookForEnd();
    this.#sender.send(frame, handle, done);
    return true;
  }

  hold(alive: boolean): void {
    if (!this.#isParent || alive === this.#holds) return;
    this.#holds = alive;
    this.#count(alive);
  }

  detach(mayBeSentTo = false): void {
    this.hold(false);
    this.#sender.close();
    this.#isOver = true;
    clearInterval(this.#looking);
    clearTimeout(this.#waiting);
    if (mayBeSentTo) return;
    this.#listeners.remove();
    this.#isListening = false;
    // What was kept waits on.
    if (!this.#foreign.isEmpty) this.#channel.on("newListener", this.#onLateListener as never);
  }

  /** Node keeps messages that nobody has listened for until somebody does, and gives them away a tick later. */
  adding(event: string | symbol): void {
    if (event === "internalMessage") this.#endDisconnect();
    else if (event === "message" && !this.#foreign.isEmpty) native.nextTick(() => this.#deliver());
  }

  /** In a child each listener counts as a reason to stay alive; ours are none. */
  ours(event: string | symbol, isAdded: boolean): void {
    if (this.#isParent && (event === "message" || event === "disconnect")) this.#count(!isAdded);
  }

  readonly #onMessage = (message: unknown, handle: Handle | undefined): void => {
    const ours = bodyOf(message);
    if (this.#isOver) {
      this.#leave(message, handle);
      return;
    }
    const isTaken = ours
      ? this.#events?.frame(ours.body, handle)
      : this.#events?.foreign(message, handle);
    if (!isTaken && !this.#othersListen()) this.#foreign.keep(message, handle);
  };

  /** What comes when the bus has gone is for others, but a handle of ours that none of them takes. */
  #leave(message: unknown, handle: Handle | undefined): void {
    if (this.#othersListen()) return;
    if (!bodyOf(message)) this.#foreign.keep(message, handle);
    else if (handle) discard(handle);
  }

  readonly #onLateListener = (event: string | symbol): void => {
    if (event !== "message") return;
    this.#channel.off("newListener", this.#onLateListener as never);
    native.nextTick(() => this.#deliver());
  };

  #othersListen(): boolean {
    const ours = this.#isListening ? 1 : 0;
    return (this.#channel as ChildProcess).listenerCount("message") > ours;
  }

  #deliver(): void {
    if (!this.#othersListen()) return;
    this.#foreign.deliver((...parameters) => {
      (this.#channel as ChildProcess).emit("message", ...parameters);
    });
  }

  readonly #onExit = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
    this.#sawExit = true;
    this.#end = endOf(exitCode, signal);
    this.#seeEnd();
  };

  /** A child that never was started has no exit. Its error is the user's to handle. */
  readonly #onError = (cause: Error): void => {
    if ((this.#channel as ChildProcess).pid !== undefined) return;
    this.#sawExit = true;
    this.#end = { cause };
    this.#seeEnd();
  };

  readonly #onDisconnect = (): void => {
    this.#sawDisconnect = true;
    this.#seeEnd();
  };

  /** A write has failed. As long as there is a channel it has not ended: a `disconnect()` may wait for a handle. */
  #seeClosed(): void {
    if (!this.#sawDisconnect && !this.#channel.channel) this.#onDisconnect();
  }

  /**
   * A `disconnect()` while a long message is being read: Node waits for its end by listening to its own event, but
   * has stopped to emit it, and neither side would ever hear that the channel is closed. So it is emitted here, empty.
   */
  #endDisconnect(): void {
    if (this.#channel.connected) return;
    native.nextTick(() => (this.#channel as ChildProcess).emit("internalMessage", {}));
  }

  /**
   * A parent's exit cannot be seen, only that its end of the channel is closed. Waiting for the second sign
   * keeps nobody alive: who awaits something of the peer is.
   */
  #seeEnd(): void {
    clearTimeout(this.#waiting);
    if (this.#sawDisconnect && (this.#sawExit || this.#isParent)) this.#closeSoon();
    else this.#waiting = setTimeout(() => this.#closeSoon(), SECOND_SIGN).unref();
  }

  /** After what has arrived was read: the poll phase comes before the immediate. */
  #closeSoon(): void {
    native.setImmediate(() => {
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

  #count(isReason: boolean): void {
    const channel = (this.#channel as NodeJS.Process).channel as Counted | null | undefined;
    try {
      if (isReason) channel?.refCounted?.();
      else channel?.unrefCounted?.();
    } catch {
      // A copy, as a test runner makes one of `process`: it has Node's methods, but not what they count.
    }
  }
}

/** It comes too late. A handle of ours has nobody else who would close it. */
function ignore(message: unknown, handle: Handle | undefined): void {
  if (handle && bodyOf(message)) discard(handle);
}

function endOf(exitCode: number | null, signal: NodeJS.Signals | null): End {
  // So Node says that it never was started, and why.
  if (exitCode !== null && exitCode < 0) return { cause: systemError(exitCode) };
  if (signal) return { signal };
  return typeof exitCode === "number" ? { exitCode } : {};
}

function systemError(code: number): Error {
  return new Error(process.getBuiltinModule("node:util").getSystemErrorName(code));
}
