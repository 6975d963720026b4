import { messageOf } from "../errors/bus-error.ts";
import type { Outbox } from "../outbox/outbox.ts";
import { decodeFrame, type Frame } from "../wire/decode.ts";
import { discard, type Handle } from "../wire/handle.ts";
import {
  type Hello,
  handleResultItem,
  helloIn,
  kindOf,
  readCancel,
  readClosing,
  readHandleCheck,
  readHandleResult,
  readHello,
  readReady,
} from "../wire/items.ts";
import { Note } from "../wire/note.ts";
import { Item, type WireItem } from "../wire/protocol.ts";
import type { Handling } from "./handling.ts";
import type { Handshake } from "./handshake.ts";
import type { Scope, Successor } from "./host.ts";
import type { Unanswered } from "./unanswered.ts";

/** What the inbox asks of its peer. */
export interface InboxPeer {
  readonly outbox: Outbox;
  readonly unanswered: Unanswered;
  readonly handling: Handling;
  readonly handshake: Handshake;
  /** Another bus has taken its place. Returns the new peer. */
  giveWay(): Successor;
  /** A frame that is told as a text, as on channels that clone, has come. */
  sawText(): void;
  hello(hello: Hello): void;
  /** A namespace over there listens. */
  announced(namespace: string): void;
  closes(scope: Scope, step: unknown): void;
  /** Counts, and tells of, something that nobody sends. */
  protocolError(what: string): void;
}

/** What comes from one peer: frames are taken apart, and what is in them goes to who owns it. Nothing is trusted. */
export class Inbox {
  readonly #peer: InboxPeer;
  /** That of the peer's frames, once it was heard. */
  #tag: number | undefined;
  #lastNumber = 0;
  /** How many messages the last frame had. */
  lastCount = 0;

  constructor(peer: InboxPeer) {
    this.#peer = peer;
  }

  /** A frame, with the handle that came along. Returns whether it was for us. Never throws. */
  take(body: unknown, handle: Handle | undefined, waited = 0): boolean {
    try {
      this.#peer.handling.waited = waited;
      return this.receive(decodeFrame(body), handle);
    } catch (error) {
      if (this.#isOfOthers(body)) return false;
      if (handle) discard(handle);
      this.#peer.protocolError(`malformed: ${messageOf(error)}`);
      return true;
    }
  }

  /**
   * Whether a frame that cannot be taken apart is that of another bus: whoever forwards one to a channel of another kind
   * changes it.
   */
  #isOfOthers(body: unknown): boolean {
    if (!Array.isArray(body)) return false;
    const [tag] = body as [unknown];
    return Number.isSafeInteger(tag) && tag !== this.#tag;
  }

  /** The same, when it was taken apart. */
  receive(frame: Frame, handle: Handle | undefined): boolean {
    if (frame.tag !== this.#tag) return this.#receiveOther(frame, handle);
    this.#takeFrame(frame, handle);
    return true;
  }

  /** A frame under a tag that is not the peer's. */
  #receiveOther(frame: Frame, handle: Handle | undefined): boolean {
    const { handshake } = this.#peer;
    const hello = helloIn(frame.items);
    if (!hello) {
      handshake.overhear();
      return false;
    }
    switch (handshake.identify(hello, frame.tag)) {
      case "stranger":
        return false;
      case "rival":
        if (handle) discard(handle);
        return true;
      case "peer":
        this.#tag = frame.tag;
        this.#lastNumber = 0;
        this.#takeFrame(frame, handle);
        return true;
      case "successor":
        return this.#peer.giveWay().receive(frame, handle);
    }
  }

  #takeFrame({ number, items, count, isText }: Frame, handle: Handle | undefined): void {
    // A channel of Node may deliver again what it had buffered when somebody's listener threw.
    if (number <= this.#lastNumber) return;
    this.#lastNumber = number;
    if (isText) this.#peer.sawText();
    this.lastCount = count;
    let untaken = handle;
    for (const item of items) {
      try {
        if (this.#takeItem(item, untaken)) untaken = undefined;
      } catch (error) {
        this.#peer.protocolError(messageOf(error));
      }
    }
    if (untaken) discard(untaken);
    this.#peer.handling.endFrame(count);
  }

  /** Returns whether the handle belongs to the item. */
  #takeItem(item: WireItem, handle: Handle | undefined): boolean {
    const peer = this.#peer;
    switch (kindOf(item)) {
      case Item.EVENT:
        return peer.handling.receive(item, handle);
      case Item.ACK:
        peer.unanswered.receive(item);
        break;
      case Item.HELLO:
        peer.hello(readHello(item));
        break;
      case Item.READY:
        peer.announced(readReady(item));
        break;
      case Item.HANDLE_CHECK:
        this.#tellOfHandle(readHandleCheck(item));
        break;
      case Item.HANDLE_RESULT: {
        const { id, arrived } = readHandleResult(item);
        peer.outbox.transferred(id, arrived);
        break;
      }
      case Item.CANCEL: {
        const { id, isTimeout } = readCancel(item);
        peer.handling.cancel(id, isTimeout);
        break;
      }
      case Item.CLOSING: {
        const { namespace, step } = readClosing(item);
        peer.closes(namespace, step);
        break;
      }
      default:
        throw new TypeError(`an item of unknown kind ${kindOf(item)}`);
    }
    return false;
  }

  /** Right behind a handle the sender asks whether it came. */
  #tellOfHandle(id: number): void {
    const { handling, outbox } = this.#peer;
    outbox.pushFirst(new Note(handleResultItem(id, handling.hasHandle(id))));
  }
}
