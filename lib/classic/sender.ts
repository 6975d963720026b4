import type { Worker } from "node:cluster";
import type { Hub } from "../bus/hub.ts";
import { isBusError } from "../errors/bus-error.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import type { Peer } from "../message/peer.ts";
import type { Route } from "../peer/route.ts";
import type { Handle } from "../wire/handle.ts";
import type { Connecting } from "./connecting.ts";
import { inWordsOfNode, type SentEvent } from "./errors.ts";
import { sentOf } from "./sent.ts";
import type { Settings } from "./settings.ts";
import type { Sent } from "./types.ts";
import type { Unopened } from "./unopened.ts";

/** What the senders of all namespaces share. */
export interface Senders {
  readonly hub: Hub;
  readonly connecting: Connecting;
  readonly settings: Settings;
  readonly unopened: Unopened;
}

/** Version 1 numbered its messages for each peer in each namespace. */
const sequences = new WeakMap<Route, number>();

/** What version 1 knew of a worker: `none`, then `online`, `listening`, `disconnected`, `dead`. */
interface WithState {
  readonly state?: string;
}

/** Whichever of the two was called. */
type Caller = (...parameters: never[]) => Sent;

/** `sendTo` and `sendToMaster` of one namespace. */
export class Sender {
  readonly #shared: Senders;
  readonly #namespace: string;
  readonly #ackTimeout: () => number;

  /** `ackTimeout` tells the milliseconds that count at the call. */
  constructor(shared: Senders, namespace: string, ackTimeout: () => number) {
    this.#shared = shared;
    this.#namespace = namespace;
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
    return this.#send(route, nextSequence(route), command, payload, fd, this.sendTo);
  };

  readonly sendToMaster = (cmd: string, payload?: unknown, fd?: Handle | null): Sent => {
    const route = this.#routeTo("parent");
    // Here version 1 counted what it refused, too.
    const sequence = nextSequence(route);
    return this.#send(route, sequence, commandOf(cmd), payload, fd, this.sendToMaster);
  };

  #routeTo(target: unknown): Route {
    return this.#shared.hub.peers.of(target).route(this.#namespace);
  }

  #send(
    route: Route,
    sequence: number,
    command: string,
    payload: unknown,
    fd: Handle | null | undefined,
    caller: Caller,
  ): Sent {
    if (fd) this.#shared.connecting.add(fd);
    // What nobody asks after waits as long as its receiver lives, as it did in version 1.
    const options = { timeout: Infinity, handle: fd || undefined, queueHandle: true };
    const shared = { ...this.#shared, ackTimeout: this.#ackTimeout() };
    let event: OutboundEvent;
    try {
      event = route.send(command, payload, options, caller);
    } catch (thrown) {
      // What the bus refuses at the call, Node refused there too, in its own words.
      const refused = inWordsOfNode(thrown);
      // Version 1 took it for mean to throw that in a worker.
      if (route.peer.kind !== "parent" || refused === thrown) throw refused;
      const answer = Promise.reject(refused);
      answer.catch(() => undefined);
      return sentOf({ event: refusedAt(route, command), sequence }, answer, shared);
    }
    const answer = event.acknowledged();
    // Nobody may ever ask.
    answer.catch(() => undefined);
    // Version 1 wrote at the call: what is changed afterwards, or a process that ends now, makes no difference.
    route.hurry();
    const { error } = event;
    // What could not be encoded was thrown at the call, but not in a worker.
    if (
      isBusError(error) &&
      error.code === "ERR_NOT_SERIALIZABLE" &&
      route.peer.kind !== "parent"
    ) {
      throw inWordsOfNode(error);
    }
    return sentOf({ event, sequence }, answer, shared);
  }
}

/** A message that never came to be. */
function refusedAt(route: Route, event: string): SentEvent {
  const nothing = () => undefined;
  const { peer, namespace } = route;
  return {
    peer,
    namespace,
    event,
    name: `"${event}"`,
    stage: "settled",
    limit: nothing,
    disown: nothing,
    fail: nothing,
  };
}

function nextSequence(route: Route): number {
  const sequence = (sequences.get(route) ?? 0) + 1;
  sequences.set(route, sequence);
  return sequence;
}

function commandOf(cmd: unknown): string {
  const command = cmd ? String(cmd) : "";
  if (!command) throw new TypeError("Command is required.");
  return command;
}
