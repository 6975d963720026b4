import { callBack } from "../emit/call-back.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import { inWordsOfV1 } from "./errors.ts";
import { atEndOfTurn } from "./turn.ts";
import type { AcknowledgedCallback, Sent } from "./types.ts";

/**
 * What `sendTo` returns for a message: `within` and `ackd`, valid until the next turn. The message has left by
 * then, so it always asks for an ack; if nobody wants to know, the ack is dropped.
 */
export function sentOf(event: OutboundEvent, ackTimeout: number): Sent {
  let isOver = false;
  let isAsked = false;
  let timeout: number | undefined;
  const answer = event.acknowledged();
  // Nobody may ever ask.
  answer.catch(() => undefined);
  atEndOfTurn(() => {
    isOver = true;
    if (!isAsked) event.disown();
  });

  const assertValid = () => {
    if (!isOver) return;
    throw new Error(
      "within() / acknowledged() calls are only valid immediately after sending a message.",
    );
  };
  const acknowledged = <Reply>(callback?: AcknowledgedCallback<Reply>): Promise<Reply> => {
    assertValid();
    if (!isAsked) event.limit(timeout ?? ackTimeout, timeout === undefined);
    isAsked = true;
    const acknowledgement = answer.catch((error: unknown) => {
      throw inWordsOfV1(error, event);
    }) as Promise<Reply>;
    if (typeof callback === "function") callBack(acknowledgement, callback);
    return acknowledgement;
  };
  const sent: Sent = {
    within(newTimeout) {
      assertValid();
      if (isAsked) throw new Error("within() must be called *before* acknowledged()");
      const milliseconds =
        typeof newTimeout === "number" ? newTimeout : Number.parseInt(newTimeout, 10);
      if (!milliseconds) throw new Error("Timeout must be a number");
      timeout = milliseconds;
      return sent;
    },
    acknowledged,
    ackd: acknowledged,
  };
  return sent;
}
