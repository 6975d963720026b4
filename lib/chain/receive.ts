import type { InboundMessage } from "../message/inbound.ts";
import type { Layer, Terminal } from "./layer.ts";
import { run } from "./run.ts";

/**
 * Runs what has arrived through its chain. Whatever the layers do it settles: at the latest when they have,
 * also where ack tracking was replaced. Returns whether it is still to settle.
 */
export function receive(
  layers: readonly Layer[],
  message: InboundMessage,
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
