import type { MessagePort } from "node:worker_threads";
import type { End } from "../errors/bus-error.ts";
import { bodyOf } from "../wire/protocol.ts";
import type { Serialization } from "../wire/serialization.ts";
import { ForeignMessages } from "./foreign.ts";
import type { Link, LinkEvents } from "./link.ts";
import { PortOwner } from "./port-owner.ts";
import { Window } from "./window.ts";

/** A port that the user has given to the bus, and may use as well. */
export class PortLink implements Link {
  readonly kind = "port";
  readonly id: string;
  readonly serialization: Serialization = "clone";
  readonly carriesHandles = false;
  readonly forgetsEarlyFrames = false;
  readonly encodesLater = false;

  readonly #port: MessagePort;
  readonly #owner: PortOwner;
  readonly #window: Window;
  #events: LinkEvents | undefined;
  /** None, once somebody else has listened: a port drops what comes while nobody does. */
  #foreign: ForeignMessages | undefined;
  #isHeld = false;

  constructor(port: MessagePort, id: string) {
    this.#port = port;
    this.id = id;
    this.#owner = new PortOwner(port, () => this.#deliver());
    this.#window = new Window(
      (message) => port.postMessage(message),
      () => this.#updateHold(),
    );
  }

  get ended(): End | undefined {
    return isClosed(this.#port) ? {} : undefined;
  }

  open(events: LinkEvents): void {
    this.#events = events;
    if (!this.#owner.othersListen) this.#foreign = new ForeignMessages();
    this.#owner.enter(() => this.#port.on("message", this.#onMessage));
    this.#port.on("messageerror", this.#onMessageError);
    this.#port.on("close", this.#onClose);
  }

  succeed(events: LinkEvents): void {
    this.#events = events;
    this.#window.renew();
  }

  send(frame: object, _handle: undefined, done: () => void): boolean {
    return this.#window.send(frame, done);
  }

  hold(alive: boolean): void {
    this.#isHeld = alive;
    this.#updateHold();
  }

  detach(): void {
    const isKept = this.#foreign?.isEmpty === false;
    this.#owner.leave(() => this.#port.off("message", this.#onMessage), isKept);
    this.#port.off("messageerror", this.#onMessageError);
    this.#port.off("close", this.#onClose);
  }

  #updateHold(): void {
    this.#owner.hold(this.#isHeld || this.#window.isWaiting);
  }

  #deliver(): void {
    const foreign = this.#foreign;
    this.#foreign = undefined;
    foreign?.deliver((message) => this.#port.emit("message", message));
  }

  readonly #onMessage = (message: unknown): void => {
    const ours = bodyOf(message);
    if (!ours) {
      this.#owner.served();
      if (!this.#events?.foreign(message, undefined)) this.#foreign?.keep(message);
    } else if (typeof ours.body === "number") {
      this.#window.open(ours.body);
    } else {
      this.#window.took();
      if (!this.#events?.frame(ours.body, undefined)) this.#foreign?.keep(message);
    }
  };

  readonly #onMessageError = (): void => {
    this.#events?.frame(undefined, undefined);
  };

  readonly #onClose = (): void => {
    this.#events?.closed({});
  };
}

/** Whether it was closed before: nothing tells, but a closed port cannot be held. */
export function isClosed(port: MessagePort): boolean {
  const counted = port as MessagePort & { hasRef?(): boolean };
  if (!counted.hasRef || counted.hasRef()) return false;
  port.ref();
  const isOver = !counted.hasRef();
  port.unref();
  return isOver;
}
