import type { Worker } from "node:cluster";
import type { Bus } from "../bus/bus.ts";
import type { Target } from "../emit/target.ts";
import type { Peer } from "../message/peer.ts";
import type { Handle } from "../wire/handle.ts";
import type { Connecting } from "./connecting.ts";
import { sentOf } from "./sent.ts";
import type { Sent } from "./types.ts";

/** What version 1 knew of a worker: `none`, then `online`, `listening`, `disconnected`, `dead`. */
interface WithState {
  readonly state?: string;
}

/** `sendTo` and `sendToMaster` of one namespace. */
export class Sender {
  readonly #bus: Bus;
  readonly #connecting: Connecting;
  readonly #ackTimeout: () => number;

  /** `ackTimeout` tells the milliseconds that count at the call. */
  constructor(bus: Bus, connecting: Connecting, ackTimeout: () => number) {
    this.#bus = bus;
    this.#connecting = connecting;
    this.#ackTimeout = ackTimeout;
  }

  readonly sendTo = (
    worker: Worker | Peer,
    cmd: string,
    payload?: unknown,
    fd?: Handle | null,
    forceSendFD?: boolean,
  ): Sent => {
    if (!worker) throw new TypeError("Worker must be specified");
    const { state } = worker as WithState;
    if (state === "dead") throw new Error("Worker is dead. Can't send message to it.");
    const command = commandOf(cmd);
    const target = this.#bus.to(worker);
    const isOnline = state === "online" || state === "listening";
    if (fd && !isOnline && forceSendFD !== true && !target.peer.isReady(this.#bus.name)) {
      throw new TypeError(
        "You tried to send an FD to a worker that isn't online yet. Whilst ordinarily I'd be happy to queue " +
          "messages for you, deferring sending a descriptor could cause strange behavior in your application.",
      );
    }
    return this.#send(target, command, payload, fd);
  };

  readonly sendToMaster = (cmd: string, payload?: unknown, fd?: Handle | null): Sent =>
    this.#send(this.#bus.to("parent"), commandOf(cmd), payload, fd);

  #send(target: Target, command: string, payload: unknown, fd: Handle | null | undefined): Sent {
    if (fd) this.#connecting.add(fd);
    // What nobody asks after waits as long as its receiver lives, as it did in version 1.
    const options = { timeout: Infinity, handle: fd || undefined, queueHandle: true };
    const event = target.send(command, payload, options);
    const sent = sentOf(event, this.#ackTimeout());
    // Version 1 wrote at the call: what is changed afterwards, or a process that ends now, makes no difference.
    target.hurry();
    return sent;
  }
}

function commandOf(cmd: unknown): string {
  if (!cmd) throw new TypeError("Command is required.");
  return String(cmd);
}
