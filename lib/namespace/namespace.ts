import type { Terminal } from "../chain/layer.ts";
import type { Chains } from "../chain/order.ts";
import type { InboundEvent, Standing } from "../message/inbound-event.ts";
import { native } from "../time/native.ts";
import { Listeners } from "./listeners.ts";

/** How a namespace is opened. */
export interface NamespaceOptions {
  /** With `"manual"` it takes messages only after `ready()`, not one turn after its first `on`. */
  readonly ready?: "auto" | "manual";
}

/** What one namespace is in this process: its listeners, and whether it takes messages. */
export class Namespace {
  readonly name: string;
  readonly listeners: Listeners;
  /** A namespace that takes the place of another gets its own when that is closed. */
  chains: Chains;
  /** The end of the inbound chain. */
  readonly dispatch: Terminal;
  /** Milliseconds; without it the central bus's counts. */
  ackTimeout: number | undefined;
  isManual = false;
  /** It listens, and the peers are told so. It stays so, whatever `off` removes. */
  isReady = false;
  state: "open" | "closing" | "closed" = "open";
  /** Takes its place when it is closed: it was opened again meanwhile. */
  successor: Namespace | undefined;
  /** It was to be opened while it had to wait for another of its name to be closed. */
  isDue = false;
  #isOpening = false;

  constructor(name: string, chains: Chains, onListeners: () => void) {
    this.name = name;
    this.chains = chains;
    const listeners = new Listeners(onListeners);
    this.listeners = listeners;
    this.dispatch = (message) => listeners.dispatch(message as InboundEvent);
  }

  get standing(): Standing {
    if (this.state !== "open") return "closed";
    return this.isReady ? "open" : "absent";
  }

  /** The first `on` opens the namespace one turn of the loop later, so that the code around it can add the others. */
  openSoon(open: () => void): void {
    if (this.isReady || this.isManual || this.#isOpening) return;
    this.#isOpening = true;
    native.setImmediate(open);
  }
}
