import { OutboundMessage } from "../message/outbound.ts";
import { OutboundEvent } from "../message/outbound-event.ts";
import { Bundle } from "../outbox/bundle.ts";
import type { Outbox } from "../outbox/outbox.ts";
import type { Parcel } from "../wire/parcel.ts";
import type { Handling } from "./handling.ts";
import type { Scope } from "./host.ts";
import type { Openings } from "./opening.ts";
import type { Route } from "./route.ts";

/** Tells, whenever it is asked, whether those messages have left, and what was in the outbox when they had come there. */
export function whenFlushed(messages: readonly OutboundMessage[], outbox: Outbox): () => boolean {
  const unfinished = new Set(messages);
  let isPast: (() => boolean) | undefined;
  return () => {
    for (const message of unfinished) {
      if (message.stage === "chain" || message.stage === "parked") return false;
      unfinished.delete(message);
    }
    isPast ??= outbox.whenPast();
    return isPast();
  };
}

/** Whether anything of a namespace is still in the outbox. */
export function holds(outbox: Outbox, namespace: string): boolean {
  return outbox.unfinished.some((parcel) =>
    parcel instanceof Bundle
      ? parcel.holds(namespace)
      : parcel instanceof OutboundMessage && parcel.namespace === namespace,
  );
}

/** What a close asks of a peer. */
interface ClosingPeer {
  readonly id: string;
  readonly handling: Handling;
  readonly outbox: Outbox;
  readonly openings: Openings;
  hasSeenClosing(scope: Scope): boolean;
  unsettled(scope: Scope): OutboundEvent[];
  isDone(scope: Scope): boolean;
  route(namespace: string): Route;
}

/** What a close waits for, in words. */
export function waitsFor(peer: ClosingPeer, scope: Scope): string[] {
  const { id, handling } = peer;
  const things = [
    ...handling.of(scope).map(({ event }) => `a listener of "${event}" from ${id}`),
    ...peer.unsettled(scope).map((event) => `what becomes of ${event.name}`),
  ];
  if (things.length > 0 || (peer.hasSeenClosing(scope) && peer.isDone(scope))) return things;
  return [`${id} to read what was sent`];
}

/** A close waits no longer: what has not settled fails. */
export function failUnsettled(peer: ClosingPeer, scope: Scope): void {
  const waiting = scope === undefined ? [] : unwritten(peer.outbox, scope);
  for (const event of [...peer.unsettled(scope), ...waiting]) {
    const obstacle = peer.route(event.namespace).obstacle(event);
    if (obstacle) event.fail(obstacle);
  }
  peer.openings.giveUp((each) => peer.route(each.namespace).obstacle(each), scope);
}

/** The events of a namespace that were not given to the channel, without those that are text. */
function unwritten(outbox: Outbox, namespace: string): OutboundEvent[] {
  return outbox.unfinished
    .flatMap((parcel): Parcel[] => (parcel instanceof Bundle ? parcel.objects() : [parcel]))
    .filter((parcel) => parcel instanceof OutboundEvent)
    .filter((event) => event.namespace === namespace && event.stage === "handed");
}
