import { AsyncResource } from "node:async_hooks";
import type { OutboundMessage } from "../message/outbound.ts";
import type { Layer, Terminal } from "./layer.ts";
import { run } from "./run.ts";

/** What a lane asks of the route it is part of. */
export interface LaneRoute<Outgoing> {
  /** The chain as it is now; it may change between two messages. */
  layers(): readonly Layer[];
  /** Whether there is room for a message to wait its turn. If not, it is settled. */
  admit(message: Outgoing): boolean;
  /** Its turn has come. */
  leave(message: Outgoing): void;
  /** What stands behind the layers. Returns a promise if others have to wait until it is handed on. */
  hand(message: Outgoing): Promise<void> | undefined;
  /** The last message has left it. */
  idle(): void;
}

/**
 * Outbound chains of one peer and namespace, one at a time: while a layer awaits, what was emitted
 * later waits its turn, and while nothing awaits, nothing does.
 */
export class Lane<Outgoing extends OutboundMessage> {
  readonly #route: LaneRoute<Outgoing>;
  #busy = false;
  #waiting: { readonly message: Outgoing; readonly context: AsyncResource }[] = [];
  /** Where the line begins; what is before it has passed. */
  #first = 0;
  /** How many of the others, at most, have settled meanwhile. */
  #settled = 0;
  #running: Outgoing | undefined;

  /** What stands behind the layers. */
  readonly #terminal: Terminal;

  constructor(route: LaneRoute<Outgoing>) {
    this.#route = route;
    this.#terminal = (message) => route.hand(message as Outgoing);
  }

  /** Sends a message through the chain, now or when its turn comes. */
  enter(message: Outgoing): void {
    if (this.#busy) {
      if (!this.#route.admit(message)) return;
      // It runs later, but in the asynchronous context of its own emit.
      this.#waiting.push({ message, context: new AsyncResource("clusterphone") });
      return;
    }
    this.#busy = true;
    if (this.#passes(message)) this.#drain();
  }

  /** Whether nothing is on its way through the chain. */
  get isIdle(): boolean {
    return !this.#busy;
  }

  /** One that was here has settled. */
  forget(): void {
    this.#settled++;
    this.#letGo();
  }

  /** What has not reached the end of the chain. */
  unfinished(): Outgoing[] {
    const waiting = this.#waiting.slice(this.#first).map(({ message }) => message);
    // Its layers may go on after it was handed on.
    return this.#running?.stage === "chain" ? [this.#running, ...waiting] : waiting;
  }

  /** What its layers hold, and everything else with it. */
  get running(): Outgoing | undefined {
    return this.#running;
  }

  /** Runs the chain; false if a layer awaits, and the lane goes on by itself later. */
  #passes(message: Outgoing): boolean {
    let waiting: Promise<void> | undefined;
    try {
      waiting = run(this.#route.layers(), message, this.#terminal);
    } catch (cause) {
      message.refuse({ cause });
    }
    if (waiting) {
      this.#running = message;
      void waiting
        .catch((cause: unknown) => message.refuse({ cause }))
        .then(() => {
          this.#running = undefined;
          this.#end(message);
          this.#drain();
        });
      return false;
    }
    this.#end(message);
    return true;
  }

  #end(message: Outgoing): void {
    // Neither handed on, nor parked, nor settled: a layer did not call next().
    if (message.stage === "chain") message.stopped();
  }

  #drain(): void {
    while (this.#first < this.#waiting.length) {
      const next = this.#waiting[this.#first++];
      this.#letGo();
      if (!next || next.message.abandoned) continue;
      const { message, context } = next;
      this.#route.leave(message);
      if (!context.runInAsyncScope(() => this.#passes(message))) return;
    }
    this.#busy = false;
    this.#route.idle();
  }

  /** What has passed or settled leaves when it is the greater part, and so costs no more than it did to wait. */
  #letGo(): void {
    if ((this.#first + this.#settled) * 2 <= this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#first).filter(({ message }) => !message.abandoned);
    this.#first = 0;
    this.#settled = 0;
  }
}
