import { BusError, type Executed, isBusError, messageOf, moreOf } from "../errors/bus-error.ts";
import { startTimer } from "../time/context.ts";
import { MAX_TIMEOUT } from "../time/deadlines.ts";
import { type Inheritable, Inheritance } from "../time/inheritance.ts";
import { discard, type Handle } from "../wire/handle.ts";
import type { Arrival } from "../wire/items.ts";
import type { InboundMessage } from "./inbound.ts";
import { Message } from "./message.ts";
import type { Peer } from "./peer.ts";
import { refusal } from "./refusal.ts";

/** What an event asks of the peer it came from. */
export interface EventPeer extends Peer {
  /** Its listeners have settled: answers it, or reports its failure. */
  settled(event: InboundEvent, failure: BusError | undefined): void;
  report(error: BusError, message: Message): void;
}

/** `open` to messages, `closed` or closing, or `absent` because nothing in this process has opened it. */
export type Standing = "open" | "closed" | "absent";

/** An event that has arrived, until its listeners have settled and it is answered. */
export class InboundEvent extends Message implements InboundMessage, Inheritable {
  declare readonly peer: EventPeer;
  wantsAck: boolean;
  /** Whether its namespace takes messages here. Set before the chain. */
  standing: Standing = "open";
  /** The end of the chain has been reached. */
  #isReached = false;
  /** A listener has run. */
  #hasRun = false;
  /** Why no listener ran; it holds as long as no middleware replaces `error`. */
  #verdict: BusError | undefined;
  /** By `performance.now()`. */
  readonly #expiresAt: number | undefined;
  readonly #isCancellable: boolean;
  readonly #handle: Handle | undefined;
  #isHandleTaken = false;
  #heard: Message | undefined;
  #settled = false;
  #controller: AbortController | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #inheritance: Inheritance | undefined;
  #aborted: BusError | undefined;

  constructor(peer: EventPeer, arrival: Arrival) {
    super(peer, arrival.namespace, arrival.event, arrival.id, arrival.headers);
    this.data = arrival.data;
    this.wantsAck = arrival.wantsAck;
    if (arrival.remaining !== undefined) this.#expiresAt = performance.now() + arrival.remaining;
    this.#isCancellable = arrival.isCancellable;
    this.#handle = arrival.handle;
  }

  get direction(): "inbound" {
    return "inbound";
  }

  get kind(): "event" {
    return "event";
  }

  override get handle(): Handle | undefined {
    return this.#handle;
  }

  /** Made when it is first asked for; most listeners never do. */
  override get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#aborted);
      else if (this.remaining !== undefined) this.#startDeadline(this.remaining);
    }
    return this.#controller.signal;
  }

  get remaining(): number | undefined {
    if (this.#expiresAt === undefined) return undefined;
    return Math.max(0, this.#expiresAt - performance.now());
  }

  /** Refuses the event, from a built-in: no listener will run. */
  decline(verdict: BusError): void {
    this.#verdict = verdict;
    this.error = verdict;
  }

  /** Its listener will never answer, as handlers of version 1 may: it ends without an ack. */
  leaveUnanswered(): void {
    this.wantsAck = false;
  }

  /** The event has reached its listeners, if there are any. */
  startListening(): void {
    this.#isReached = true;
  }

  /** All listeners have settled: what they answer is the reply, or the error. */
  endListening(reply: unknown, error: Error | undefined): void {
    if (error) this.error = error;
    else this.reply = reply;
  }

  /** Runs one listener; what it sends inherits from the event. */
  run(listener: (data: unknown, message: Message) => unknown): unknown {
    this.#hasRun = true;
    const message = this.#handle ? this.#asHeard() : this;
    if (this.#expiresAt === undefined && !this.#isCancellable) return listener(this.data, message);
    this.#inheritance ??= new Inheritance(this);
    return this.#inheritance.run(() => listener(this.data, message));
  }

  /** The same event for its listeners alone: who reads the handle there takes it over, be it later. A layer does not. */
  #asHeard(): Message {
    this.#heard ??= new Proxy<Message>(this, {
      get: (event, key) => {
        if (key === "handle") this.#isHandleTaken = true;
        const value: unknown = Reflect.get(event, key);
        return typeof value === "function" ? value.bind(event) : value;
      },
      set: (event, key, value) => Reflect.set(event, key, value),
    });
    return this.#heard;
  }

  /** The sender has given up, or is gone: tells the listeners. */
  abort(reason: BusError): void {
    if (this.#settled) return;
    this.#aborted ??= reason;
    this.#controller?.abort(this.#aborted);
  }

  /**
   * Ends the event: answers it if the sender waits, and reports what went wrong if it does not.
   * Called by ack tracking after all further layers, with what they threw. What is thrown later is reported.
   */
  settle(thrown?: { cause: unknown }): void {
    if (this.#settled) {
      if (thrown) this.peer.report(refusal(this, this.executed, thrown), this);
      return;
    }
    this.#settled = true;
    clearTimeout(this.#deadline);
    this.#inheritance?.end();
    this.peer.settled(this, this.#failure(thrown));
  }

  get isSettled(): boolean {
    return this.#settled;
  }

  /** Closes a handle that no listener took. */
  discardHandle(): void {
    if (this.#handle && !this.#isHandleTaken) discard(this.#handle);
  }

  /** Whether a handle came with it. */
  get hasHandle(): boolean {
    return this.#handle !== undefined;
  }

  #failure(thrown?: { cause: unknown }): BusError | undefined {
    if (this.#verdict && this.error === this.#verdict) return this.#verdict;
    if (thrown) return refusal(this, this.executed, thrown);
    const { error } = this;
    if (!this.#isReached && (error || !this.isReplied)) {
      return refusal(this, "no", error && { cause: error });
    }
    if (!error) return undefined;
    const who = this.#hasRun ? `a listener of "${this.event}"` : `"${this.event}"`;
    const isLate = this.#isOver && isOfTime(error);
    const [code, what] = isLate
      ? (["ERR_ACK_TIMEOUT", "gave up, as its time is over:"] as const)
      : (["ERR_REMOTE", "failed:"] as const);
    return new BusError(code, `${who} ${what} ${messageOf(error)}`, {
      // An error of a layer may be that of what it asked elsewhere, where a listener has run.
      executed: isBusError(error) ? moreOf(this.executed, error.executed) : this.executed,
      cause: error,
      about: this,
    });
  }

  /** Whether a listener has run, as far as it is known here: for certain. */
  get executed(): Executed {
    return this.#hasRun ? "yes" : "no";
  }

  /** Its time is over. The timer that says so may come a part of a millisecond early. */
  get #isOver(): boolean {
    return this.#aborted?.code === "ERR_ACK_TIMEOUT" || this.remaining === 0;
  }

  #startDeadline(remaining: number): void {
    const pass = () => {
      const text = `the deadline of "${this.event}" has passed`;
      this.abort(new BusError("ERR_ACK_TIMEOUT", text, { about: this }));
    };
    this.#deadline = startTimer(pass, Math.min(remaining, MAX_TIMEOUT)).unref();
  }
}

/**
 * Whether an error only says that the time was over: the reason of the signal, as it is or as the cause of an `AbortError`,
 * or what became of a message that inherited the deadline. Whose clock is a little ahead must not decide what the sender hears.
 */
function isOfTime(error: Error): boolean {
  return isTimeout(error) || isTimeout(causeOf(error));
}

function isTimeout(error: unknown): boolean {
  return isBusError(error) && error.code === "ERR_ACK_TIMEOUT";
}

function causeOf(error: Error): unknown {
  try {
    return error.cause;
  } catch {
    // It is somebody's Proxy, and throws when it is asked.
    return undefined;
  }
}
