// What an event asks of those around it, who in turn know what kind of event it is.

import type { BusError } from "../errors/bus-error.ts";
import type { Deadlines } from "../time/deadlines.ts";
import type { InboundMessage } from "./inbound.ts";
import type { Message } from "./message.ts";
import type { Stage } from "./outbound.ts";
import type { Peer } from "./peer.ts";

/** What an event asks of the way it goes. */
export interface EventRoute<Event extends Message> {
  readonly peer: Peer;
  readonly namespace: string;
  readonly deadlines: Deadlines;
  /** In ms, for messages that are told nothing else. */
  readonly ackTimeout: number;
  readonly carriesHandles: boolean;
  /** The namespace at the other end listens, and has listened since. */
  readonly ready: boolean;
  /** The namespaces that the other end has open, for the text of an error. */
  readonly openThere: readonly string[];
  /** Whether a message would have to wait: behind others, or for the namespace to be ready. */
  readonly mustWait: boolean;
  /** The event that its layers hold, and with it all that come after. */
  readonly passing: Event | undefined;
  nextId(): number;
  /** Lets a message wait, if the bounds allow it; otherwise it is settled, and no other is touched. */
  park(event: Event, most?: { bytes?: number; messages?: number }): boolean;
  /** It has settled at that stage, before it was written. */
  letGo(event: Event, stage: Stage): void;
  /** Gives back the room it took. */
  release(event: Event): void;
  /** Somebody wants its answer, from now until it has settled. */
  expectAnswer(): void;
  answered(): void;
  /** It was written: its ack may come. */
  awaitAck(event: Event): void;
  /** It has settled: an ack that comes later is of no use. */
  forget(event: Event): void;
  /** Tells the other side not to work for an answer. */
  cancel(event: Event, code: "ERR_ACK_TIMEOUT" | "ERR_CANCELLED"): void;
  /** Runs its ack through the chain. Returns whether that is still to settle. */
  receive(ack: InboundMessage): boolean;
  /** It has settled. */
  progressed(): void;
  report(error: BusError, message: Message): void;
}

/** Where an event waits as text, with others. */
export interface EventBundle<Event> {
  /** Whether the message can still be taken out. */
  canDrop(event: Event): boolean;
  keep(event: Event, index: number): void;
  drop(event: Event, index: number): void;
}

/** Who is told how an event ends: the promise of its receipt, or who goes on from there. */
export interface Asker<Event> {
  fulfilled(reply: unknown): void;
  /** With the time that was left, in ms. */
  rejected(error: BusError, left: number): void;
  /** It was given to the channel; what was read of its data is asked for now, or never. */
  written?(event: Event): void;
  /** It is about to fail: whether it goes on elsewhere, and its handle stays open for that. */
  takesBack?(error: BusError, event: Event): boolean;
}
