import { builtin, type Middleware } from "../chain/layer.ts";
import { check } from "../errors/check.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";

export interface QueueingOptions {
  /** Bytes that may wait for one peer; `limits.pending` by default. */
  readonly bytes?: number;
  /** Messages that may wait for one namespace of one peer; as many as the bytes allow by default. */
  readonly messages?: number;
}

const NAMES: readonly (keyof QueueingOptions)[] = ["bytes", "messages"];

/**
 * Lets messages wait, in order, until the namespace of the peer is ready. Beyond the bounds a
 * message fails with `ERR_QUEUE_FULL`; the others stay.
 */
export function queueing(options: QueueingOptions = {}): Middleware {
  check.options(options, "queueing()", NAMES);
  for (const name of NAMES) {
    if (options[name] !== undefined) check.amount(options[name], `the option ${name}`);
  }
  return builtin<OutboundEvent>(
    "queueing",
    function queueing(message) {
      message.park(options);
    },
    { crossings: ["outbound event"], skips: (message) => !message.mustWait },
  );
}
