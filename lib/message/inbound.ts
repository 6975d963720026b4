import type { Executed } from "../errors/bus-error.ts";
import type { Message } from "./message.ts";

/** A message that has arrived: an event, or the ack of one of ours. It crosses the chain, and is settled in any case. */
export interface InboundMessage extends Message {
  readonly direction: "inbound";
  readonly isSettled: boolean;
  /** Whether a listener has run, as far as it is known here. */
  readonly executed: Executed;
  /** Ends it, with what the layers threw. What is thrown when it has ended is reported. */
  settle(thrown?: { cause: unknown }): void;
}
