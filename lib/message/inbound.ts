import type { Executed } from "../errors/bus-error.ts";
import { Message } from "./message.ts";

/** A message that has arrived: an event, or the ack of one of ours. It crosses the chain, and is settled in any case. */
export abstract class InboundMessage extends Message {
  abstract override readonly direction: "inbound";
  abstract readonly isSettled: boolean;
  /** Whether a listener has run, as far as it is known here. */
  abstract readonly executed: Executed;
  /** Ends it, with what the layers threw. What is thrown when it has ended is reported. */
  abstract settle(thrown?: { cause: unknown }): void;
}
