import type { MessagePort, Worker } from "node:worker_threads";
import type { End } from "../errors/bus-error.ts";
import { native } from "../time/native.ts";
import { bodyOf, FRAME_KEY } from "../wire/protocol.ts";
import type { Serialization } from "../wire/serialization.ts";
import type { Link, LinkEvents, PeerKind } from "./link.ts";
import { isClosed } from "./port.ts";
import { errorMonitor, StandingListeners } from "./standing.ts";
import { Window } from "./window.ts";

/** What Node's types leave out of a channel that has a name. */
type Channel = import("node:worker_threads").BroadcastChannel & { ref(): void; unref(): void };

/** Looked up when it is needed: loading the package loads nothing of Node. */
const nodeModule = process.getBuiltinModule;

/**
 * A thread and whoever started it, seen from either side. They meet on a channel of their own, which has the name of the
 * thread's id: no other thread of the process ever has the same. What the user's `Worker` and `parentPort` carry, who
 * sees it, and what they keep alive stays as it is without us.
 */
export class ThreadLink implements Link {
  readonly kind: PeerKind;
  readonly id: string;
  readonly serialization: Serialization = "clone";
  readonly carriesHandles = false;
  // What is posted while nobody else is there is lost. Who comes second is heard; a thread comes when it likes.
  readonly forgetsEarlyFrames: boolean;
  readonly encodesLater = false;

  /** Its end is the end of the link. */
  readonly #user: Worker | MessagePort;
  readonly #name: string;
  readonly #exit: StandingListeners | undefined;
  readonly #window: Window;
  #channel: Channel | undefined;
  #events: LinkEvents | undefined;
  #isHeard = false;
  #isHeld = false;
  /** What nobody in the thread has caught, and it ends by. */
  #uncaught: unknown;

  /** The thread, or within it its `parentPort`; and its id. */
  constructor(user: Worker | MessagePort, threadId: number, kind: PeerKind, id: string) {
    this.#user = user;
    this.#name = `${FRAME_KEY} thread ${threadId}`;
    this.kind = kind;
    this.id = id;
    this.forgetsEarlyFrames = kind === "parent";
    this.#exit = isThread(user)
      ? new StandingListeners(user, [
          ["exit", this.#onExit as never],
          [errorMonitor(), this.#onError as never],
        ])
      : undefined;
    this.#window = new Window(
      (message) => this.#channel?.postMessage(message),
      () => this.#updateHold(),
    );
  }

  get ended(): End | undefined {
    const isOver = isThread(this.#user) ? this.#user.threadId === -1 : isClosed(this.#user);
    return isOver ? {} : undefined;
  }

  open(events: LinkEvents): void {
    const { BroadcastChannel } = nodeModule("node:worker_threads");
    this.#events = events;
    const channel = new BroadcastChannel(this.#name) as Channel;
    channel.onmessage = ({ data }) => this.#receive(data);
    channel.onmessageerror = () => this.#events?.frame(undefined, undefined);
    channel.unref();
    this.#channel = channel;
    if (this.#exit) this.#exit.place();
    else this.#user.on("close", this.#onClose);
  }

  succeed(events: LinkEvents): void {
    this.#events = events;
  }

  send(frame: object, _handle: undefined, done: () => void): boolean {
    if (this.#isHeard) return this.#window.send(frame, done);
    // Nobody may be there who would ever tell that it was taken.
    this.#channel?.postMessage(frame);
    native.nextTick(done);
    return true;
  }

  hold(alive: boolean): void {
    this.#isHeld = alive;
    this.#updateHold();
  }

  detach(): void {
    if (this.#exit) this.#exit.remove();
    else this.#user.off("close", this.#onClose);
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** A thread keeps whoever started it alive by itself, unless the user has let it go. */
  #updateHold(): void {
    if (isThread(this.#user)) return;
    // What waits is written before a thread ends.
    if (this.#isHeld || this.#window.isWaiting) this.#channel?.ref();
    else this.#channel?.unref();
  }

  #receive(message: unknown): void {
    const ours = bodyOf(message);
    if (!ours) return;
    this.#isHeard = true;
    if (typeof ours.body === "number") {
      this.#window.open(ours.body);
    } else {
      this.#window.took();
      this.#events?.frame(ours.body, undefined);
    }
  }

  readonly #onError = (error: unknown): void => {
    this.#uncaught = error;
  };

  /** Everything that the thread had posted has arrived, and may not have been read. */
  readonly #onExit = (exitCode: number): void => {
    while (this.#channel) {
      const received = readNow(this.#channel);
      if (!received) break;
      this.#receive(received.message);
    }
    if (this.#channel) this.#events?.closed({ exitCode, cause: this.#uncaught });
  };

  readonly #onClose = (): void => {
    this.#events?.closed({});
  };
}

/** The next message that has arrived. */
function readNow(channel: Channel): { message: unknown } | undefined {
  try {
    return nodeModule("node:worker_threads").receiveMessageOnPort(channel as never);
  } catch {
    // Other runtimes read only ports in this way.
    return undefined;
  }
}

function isThread(user: Worker | MessagePort): user is Worker {
  return "threadId" in user;
}
