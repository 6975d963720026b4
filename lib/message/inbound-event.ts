import { isThenable, type Layer, run, type Terminal } from "../chain/run.ts";
import { asError, BusError, type Executed, messageOf } from "../errors/bus-error.ts";
import type { Handle } from "../links/link.ts";
import type { Peer } from "../peer/session.ts";
import { type Inheritable, inheriting } from "../time/inheritance.ts";
import { discard } from "../wire/handle.ts";
import { Message } from "./message.ts";
import type { OutboundEvent } from "./outbound-event.ts";
import { refusal } from "./refusal.ts";

/** What the wire said about an event, beside its name. */
export interface Arrival {
  readonly namespace: string;
  readonly event: string;
  readonly id: number;
  readonly data: unknown;
  readonly headers: Record<string, string> | undefined;
  readonly wantsAck: boolean;
  readonly handle: Handle | undefined;
  /** Milliseconds the sender will wait, if it set that for the message. */
  readonly remaining: number | undefined;
  /** The sender has a signal that may abort. */
  readonly isCancellable: boolean;
}

/** `open` to messages, `closed` or closing, or `absent` because nothing in this process has opened it. */
export type Standing = "open" | "closed" | "absent";

/** What a listener threw or rejected with, among the results of others. */
class Failure {
  readonly error: Error;

  constructor(thrown: unknown) {
    this.error = asError(thrown);
  }
}

function isFailure(result: unknown): result is Failure {
  return result instanceof Failure;
}

function isSomething(result: unknown): boolean {
  return result !== undefined;
}

/** An event that has arrived, until its listeners have settled and it is answered. */
export class InboundEvent extends Message implements Inheritable {
  readonly direction = "inbound";
  readonly kind = "event";
  wantsAck: boolean;
  /** Whether its namespace takes messages here. Set before the chain. */
  standing: Standing = "open";
  /** The end of the chain has been reached. */
  reached = false;
  /** A listener has run. */
  hasRun = false;
  /** Why no listener ran; it holds as long as no middleware replaces `error`. */
  #verdict: BusError | undefined;
  /** By `performance.now()`. */
  readonly #expiresAt: number | undefined;
  readonly #isCancellable: boolean;
  readonly #handle: Handle | undefined;
  #isHandleTaken = false;
  /** Listeners are running: a handle that is read now is taken over. */
  #listening = false;
  /** What the listeners returned, in the order of registration; the first by itself, as most have no other. */
  #first: unknown = undefined;
  #others: unknown[] | undefined;
  #count = 0;
  #settled = false;
  #controller: AbortController | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #aborted: BusError | undefined;

  constructor(peer: Peer, arrival: Arrival) {
    super(peer, arrival.namespace, arrival.event, arrival.id, arrival.headers);
    this.data = arrival.data;
    this.wantsAck = arrival.wantsAck;
    if (arrival.remaining !== undefined) this.#expiresAt = performance.now() + arrival.remaining;
    this.#isCancellable = arrival.isCancellable;
    this.#handle = arrival.handle;
  }

  override get handle(): Handle | undefined {
    if (this.#listening) this.#isHandleTaken = true;
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

  /** The event reached its listeners: from here on what they return is collected. */
  startListening(): void {
    this.#listening = true;
  }

  /** Runs one listener. Its failure is kept for the ack and disturbs no other. */
  collect(listener: (data: unknown, message: Message) => unknown): void {
    let result: unknown;
    try {
      result = this.#run(listener);
    } catch (thrown) {
      result = new Failure(thrown);
    }
    if (this.#count++ === 0) this.#first = result;
    else this.#others = [...(this.#others ?? []), result];
  }

  /** Sets `reply` or `error` once all listeners have settled; at once if none is asynchronous. */
  conclude(): Promise<void> | undefined {
    if (!isThenable(this.#first) && !this.#others?.some(isThenable)) {
      this.#take(this.#first, this.#others);
      return undefined;
    }
    const results = [this.#first, ...(this.#others ?? [])].map((result) =>
      isThenable(result)
        ? Promise.resolve(result).catch((thrown: unknown) => new Failure(thrown))
        : result,
    );
    return Promise.all(results).then(([first, ...others]) => this.#take(first, others));
  }

  /** Nobody waits for the answer any more: tells the listeners. */
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
      if (thrown) this.peer.report(refusal(this, this.#executed, thrown), this);
      return;
    }
    this.#settled = true;
    clearTimeout(this.#deadline);
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

  #run(listener: (data: unknown, message: Message) => unknown): unknown {
    if (this.#expiresAt === undefined && !this.#isCancellable) return listener(this.data, this);
    return inheriting(this, () => listener(this.data, this));
  }

  #take(first: unknown, others: readonly unknown[] | undefined): void {
    this.#listening = false;
    const failure = first instanceof Failure ? first : others?.find(isFailure);
    if (failure) this.error = failure.error;
    else this.reply = isSomething(first) ? first : others?.find(isSomething);
  }

  #failure(thrown?: { cause: unknown }): BusError | undefined {
    if (this.#verdict && this.error === this.#verdict) return this.#verdict;
    if (thrown) return refusal(this, this.#executed, thrown);
    if (!this.reached) return refusal(this, "no");
    if (!this.error) return undefined;
    const text = `a listener of "${this.event}" failed: ${messageOf(this.error)}`;
    return new BusError("ERR_REMOTE", text, { executed: this.#executed, cause: this.error });
  }

  get #executed(): Executed {
    return this.hasRun ? "yes" : "no";
  }

  #startDeadline(remaining: number): void {
    this.#deadline = setTimeout(() => {
      this.abort(new BusError("ERR_ACK_TIMEOUT", `the deadline of "${this.event}" has passed`));
    }, remaining);
    this.#deadline.unref();
  }
}

/** An ack that has arrived, until the receipt it belongs to is settled. */
export class InboundAck extends Message {
  readonly direction = "inbound";
  readonly kind = "ack";
  /** The end of the chain has been reached. */
  reached = false;
  readonly #answered: OutboundEvent;
  /** What the sender of the ack knows. */
  readonly #executed: Executed;

  constructor(
    answered: OutboundEvent,
    reply: unknown,
    error: BusError | undefined,
    headers: Record<string, string> | undefined,
  ) {
    const { peer, namespace, event, id } = answered;
    super(peer, namespace, event, id, headers);
    this.#answered = answered;
    this.#executed = error?.executed ?? "yes";
    this.reply = reply;
    this.error = error;
  }

  override get origin(): OutboundEvent {
    return this.#answered;
  }

  get isSettled(): boolean {
    return this.#answered.abandoned;
  }

  /**
   * Settles the receipt. Called by ack tracking after all further layers, with what they threw. What is thrown
   * when it has settled is reported.
   */
  settle(thrown?: { cause: unknown }): void {
    const { error } = this;
    if (this.isSettled) {
      if (thrown) this.peer.report(refusal(this, this.#executed, thrown), this);
    } else if (thrown || !this.reached) this.#answered.fail(refusal(this, this.#executed, thrown));
    else if (error instanceof BusError) this.#answered.fail(error);
    else if (error) this.#answered.fail(refusal(this, this.#executed, { cause: error }));
    else this.#answered.succeed(this.reply);
  }
}

/**
 * Runs what has arrived through its chain. Whatever the layers do it settles: at the latest when they have,
 * also where ack tracking was replaced. Returns whether it is still to settle.
 */
export function receive(
  layers: readonly Layer[],
  message: InboundEvent | InboundAck,
  terminal: Terminal,
): boolean {
  let waiting: Promise<void> | undefined;
  try {
    waiting = run(layers, message, terminal);
  } catch (cause) {
    message.settle({ cause });
    return false;
  }
  if (!waiting) {
    message.settle();
    return false;
  }
  void waiting.then(
    () => message.settle(),
    (cause: unknown) => message.settle({ cause }),
  );
  return !message.isSettled;
}
