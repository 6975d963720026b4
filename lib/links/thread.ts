import type { MessagePort, Worker } from "node:worker_threads";
import type { End } from "../errors/bus-error.ts";
import { bodyOf, FRAME_KEY } from "../wire/protocol.ts";
import type { Serialization } from "../wire/serialization.ts";
import { ForeignMessages } from "./foreign.ts";
import type { Link, LinkEvents, PeerKind } from "./link.ts";

/**
 * A port takes whatever is posted, however far behind the other side is. So the sides tell each other
 * how many frames they have taken: more than a window of frames is never on its way.
 */
const WINDOW = 32;
const TELL_EVERY = 8;
/** How often it is looked, in ms, whether others still listen on a port. */
const LOOK_EVERY = 50;

/** A worker thread seen from outside, its way to whoever started it, and any other port. */
export class ThreadLink implements Link {
  readonly kind: PeerKind;
  readonly id: string;
  readonly serialization: Serialization = "clone";
  readonly carriesHandles = false;
  readonly forgetsEarlyFrames = false;
  readonly encodesLater = false;

  readonly #channel: Worker | MessagePort;
  /** The port keeps the process alive as long as it listens, unless we see to it. */
  readonly #port: MessagePort | undefined;
  #events: LinkEvents | undefined;
  #foreign: ForeignMessages | undefined;
  #isOver = false;
  #isHeld = false;
  #looking: NodeJS.Timeout | undefined;
  /** Frames posted that the other side has not said it has taken. */
  #untaken = 0;
  /** What waits for the window to open. */
  #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(channel: Worker | MessagePort, kind: PeerKind, id: string) {
    this.#channel = channel;
    this.kind = kind;
    this.id = id;
    this.#port = "start" in channel ? channel : undefined;
  }

  get ended(): End | undefined {
    return "threadId" in this.#channel && this.#channel.threadId === -1 ? {} : undefined;
  }

  open(events: LinkEvents): void {
    this.#events = events;
    this.#channel.on("message", this.#onMessage);
    this.#channel.on("messageerror", this.#onMessageError);
    if (this.#port) {
      this.#port.on("close", this.#onClose);
      this.#port.unref();
      watchPort(this);
    } else {
      this.#channel.on("exit", this.#onExit);
    }
    this.#foreign = new ForeignMessages(this.#channel as never, !this.#port);
  }

  send(frame: object, _handle: undefined, done: () => void): boolean {
    this.#channel.postMessage(frame);
    this.#untaken++;
    const isOpen = this.#untaken < WINDOW;
    if (isOpen) process.nextTick(done);
    else this.#waiting.push(done);
    return isOpen;
  }

  hold(alive: boolean): void {
    if (alive) this.#port?.ref();
    else if (!this.#othersListen()) this.#port?.unref();
    this.#isHeld = alive;
  }

  detach(): void {
    this.#isOver = true;
    this.#channel.off("message", this.#onMessage);
    this.#channel.off("messageerror", this.#onMessageError);
    this.#channel.off("close", this.#onClose);
    this.#channel.off("exit", this.#onExit);
    unwatchPort(this);
    clearInterval(this.#looking);
    // Node counts only first and last listeners: with ours gone, those of others keep the port again.
    if (this.#othersListen(0)) this.#port?.ref();
    this.#foreign?.leave();
  }

  readonly #onMessage = (message: unknown): void => {
    const ours = bodyOf(message);
    if (!ours) {
      if (!this.#events?.foreign(message, undefined)) this.#foreign?.take(message);
    } else if (typeof ours.body === "number") {
      this.#openWindow(ours.body);
    } else {
      this.#tellTaken();
      this.#events?.frame(ours.body, undefined);
    }
  };

  readonly #onMessageError = (): void => {
    this.#events?.frame(undefined, undefined);
  };

  readonly #onExit = (exitCode: number): void => {
    this.#close({ exitCode });
  };

  readonly #onClose = (): void => {
    this.#close({});
  };

  /**
   * A port whose first listener is ours is let go by us; somebody else's listener, added later,
   * does not take hold of it again by itself.
   */
  yieldToOthers(): void {
    if (!this.#othersListen()) return;
    this.#port?.ref();
    // Nor does its removal let go.
    this.#looking ??= setInterval(() => {
      if (this.#othersListen()) return;
      clearInterval(this.#looking);
      this.#looking = undefined;
      if (!this.#isHeld) this.#port?.unref();
    }, LOOK_EVERY).unref();
  }

  #tellTaken(): void {
    this.#taken++;
    if (this.#taken % TELL_EVERY === 0) this.#channel.postMessage({ [FRAME_KEY]: TELL_EVERY });
  }

  #openWindow(taken: number): void {
    if (!(taken > 0)) return;
    this.#untaken = Math.max(0, this.#untaken - taken);
    if (this.#untaken >= WINDOW) return;
    for (const done of this.#waiting.splice(0)) done();
  }

  #othersListen(ours = 1): boolean {
    return this.#port !== undefined && this.#port.listenerCount("message") > ours;
  }

  #close(end: End): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events?.closed(end);
  }
}

/** The links whose ports are looked at before the process would exit. */
const watched = new Set<ThreadLink>();

function watchPort(link: ThreadLink): void {
  if (watched.size === 0) process.on("beforeExit", beforeExit);
  watched.add(link);
}

function unwatchPort(link: ThreadLink): void {
  if (watched.delete(link) && watched.size === 0) process.off("beforeExit", beforeExit);
}

function beforeExit(): void {
  for (const link of watched) link.yieldToOthers();
}
