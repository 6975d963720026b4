import type { ChildProcess } from "node:child_process";
import { native } from "../time/native.ts";
import type { Handle } from "../wire/handle.ts";
import type { SendFailure } from "./link.ts";

/** How long, in ms, it is waited for the first callback of a `send` before it is held to have been dropped. */
const PATIENCE = 100;

/** What a write to a channel fails with when the other side is gone. */
const BROKEN = new Set(["EPIPE", "ECONNRESET", "ERR_IPC_CHANNEL_CLOSED"]);

type Told = (error: Error | null) => void;
type Send = (
  this: ChildProcess,
  message: object,
  ...more: [Told] | [Handle, { keepOpen: boolean }, Told]
) => boolean;
type Finish = (failure?: SendFailure) => void;

/**
 * Writes to the channel of a process. Its callback tells when a message is written; but programs wrap the `send` of
 * their channels, to log what is sent, and may forget the callback. One that has never called back is not
 * waited for: then what `send` returns, whether the channel has room, has to do.
 */
export class Sender {
  readonly #channel: ChildProcess;
  readonly #onClosed: () => void;
  /** The `send` that has called back. */
  #proven: Send | undefined;
  /** One that has not, in a long time. */
  #silent: Send | undefined;
  /** What was given to others than the proven one, the oldest first. */
  readonly #unanswered = new Set<Finish>();
  #hasRoom = true;
  #timer: NodeJS.Timeout | undefined;

  /** `onClosed` is told when a write shows that the channel is closed. */
  constructor(channel: ChildProcess, onClosed: () => void) {
    this.#channel = channel;
    this.#onClosed = onClosed;
  }

  /** Sends a message, as `Link.send` does. */
  send(message: object, handle: Handle | undefined, done: Finish): void {
    const send = this.#channel.send as Send;
    if (send === this.#proven) this.#post(send, message, handle, done);
    else this.#try(send, message, handle, done);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** Always with a callback: without one, Node emits 'error' on the user's process object. */
  #post(send: Send, message: object, handle: Handle | undefined, done: Finish): unknown {
    const channel = this.#channel;
    if (!handle) {
      return send.call(channel, message, (error) => {
        if (error) this.#fail(error, "channel", done);
        else done();
      });
    }
    return send.call(channel, message, handle, { keepOpen: true }, (error) => {
      if (error) this.#fail(error, "handle", done);
      else done();
    });
  }

  #fail(error: Error & { code?: string }, failure: SendFailure, done: Finish): void {
    const isBroken = !this.#channel.connected || BROKEN.has(error.code ?? "");
    done(isBroken ? "channel" : failure);
    // Nothing else may ever tell: somebody has removed the listeners, or the channel had ended before.
    if (error.code === "ERR_IPC_CHANNEL_CLOSED") this.#onClosed();
  }

  #try(send: Send, message: object, handle: Handle | undefined, done: Finish): void {
    // What fails without a callback is an 'error' on the user's process object.
    if (!this.#channel.connected) {
      native.nextTick(() => {
        done("channel");
        this.#onClosed();
      });
      return;
    }
    const finish: Finish = (failure) => {
      if (this.#unanswered.delete(finish)) done(failure);
    };
    this.#unanswered.add(finish);
    this.#hasRoom =
      this.#post(send, message, handle, (failure) => {
        this.#prove(send);
        finish(failure);
      }) !== false;
    if (send === this.#silent && this.#hasRoom) native.nextTick(finish);
    else this.#timer ??= setTimeout(() => this.#loseHope(send), PATIENCE);
  }

  #prove(send: Send): void {
    this.#proven = send;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Where the channel has no room, one more message shows whether it has some now. */
  #loseHope(send: Send): void {
    this.#timer = undefined;
    this.#silent = send;
    for (const finish of this.#unanswered) {
      finish();
      if (!this.#hasRoom) break;
    }
    if (this.#unanswered.size > 0) this.#timer ??= setTimeout(() => this.#loseHope(send), PATIENCE);
  }
}
