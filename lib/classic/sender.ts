import type { Worker } from "node:cluster";
import type { Hub } from "../bus/hub.ts";
import type { Peer } from "../message/peer.ts";
import type { Route } from "../peer/route.ts";
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
  readonly #hub: Hub;
  readonly #namespace: string;
  readonly #connecting: Connecting;
  readonly #ackTimeout: () => number;

  /** `ackTimeout` tells the milliseconds that count at the call. */
  constructor(hub: Hub, namespace: string, connecting: Connecting, ackTimeout: () => number) {
    this.#hub = hub;
    this.#namespace = namespace;
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
    const route = this.#routeTo(worker);
    const isOnline = state === "online" || state === "listening";
    if (fd && !isOnline && forceSendFD !== true && !route.peer.isReady(this.#namespace)) {
      throw new TypeError(
        "You tried to send an FD to a worker that isn't online yet. Whilst ordinarily I'd be happy to queue " +
          "messages for you, deferring sending a descriptor could cause strange behavior in your application.",
      );
    }
    return this.#send(route, command, payload, fd);
  };

  readonly sendToMaster = (cmd: string, payload?: unknown, fd?: Handle | null): Sent =>
    this.#send(this.#routeTo("parent"), commandOf(cmd), payload, fd);

  #routeTo(target: unknown): Route {
    return this.#hub.peers.of(target).route(this.#namespace);
  }

  #send(route: Route, command: string, payload: unknown, fd: Handle | null | undefined): Sent {
    if (fd) this.#connecting.add(fd);
    // What nobody asks after waits as long as its receiver lives, as it did in version 1.
    const options = { timeout: Infinity, handle: fd || undefined, queueHandle: true };
    const event = route.send(command, payload, options);
    const sent = sentOf(event, this.#ackTimeout());
    // Version 1 wrote at the call: what is changed afterwards, or a process that ends now, makes no difference.
    route.hurry();
    return sent;
  }
}

function commandOf(cmd: unknown): string {
  if (!cmd) throw new TypeError("Command is required.");
  return String(cmd);
}
