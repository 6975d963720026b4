import { isOutbound, type OutboundMessage } from "../message/outbound.ts";
import { OutboundEvent } from "../message/outbound-event.ts";
import type { PeerState } from "../message/peer.ts";
import { Bundle } from "../outbox/bundle.ts";
import type { Outbox } from "../outbox/outbox.ts";
import type { Parcel } from "../wire/parcel.ts";
import type { Closing } from "./closing.ts";
import type { Handling } from "./handling.ts";
import type { Scope } from "./host.ts";
import type { Openings } from "./opening.ts";
import type { Route } from "./route.ts";
import type { Routes } from "./routes.ts";
import type { Unanswered } from "./unanswered.ts";

/** What is asked of the peer whose affairs they are. */
interface UnfinishedPeer {
  readonly state: PeerState;
  readonly outbox: Outbox;
  readonly unanswered: Unanswered;
  readonly handling: Handling;
}

/** What is not over yet between this process and a peer. */
export class Unfinished {
  readonly #peer: UnfinishedPeer;
  readonly #routes: Routes;
  readonly #closing: Closing;

  constructor(peer: UnfinishedPeer, routes: Routes, closing: Closing) {
    this.#peer = peer;
    this.#routes = routes;
    this.#closing = closing;
  }

  /** Whether the other side knows that no more is accepted: nothing else of it is on its way. */
  hasSeenClosing(scope?: Scope): boolean {
    return this.#isDown() || this.#closing.isSeen(scope);
  }

  /** Whether events of the peer are being handled: in one namespace, or in any. */
  isHandling(scope?: Scope): boolean {
    return this.#peer.handling.of(scope).length > 0;
  }

  /** Everything that was emitted has been written. */
  get isFlushed(): boolean {
    return this.#isDown() || (this.#peer.outbox.isIdle && this.#routes.areIdle);
  }

  /** Everything that was emitted in one namespace, or in all, has been written, and answered where that is wanted. */
  isDone(scope: Scope): boolean {
    if (this.unsettled(scope).length > 0) return false;
    if (scope === undefined || this.#isDown()) return this.isFlushed;
    return this.#routes.known(scope)?.isIdle !== false && !holds(this.#peer.outbox, scope);
  }

  /** Tells, whenever it is asked, whether everything has left that was emitted so far. */
  whenFlushed(): () => boolean {
    const hasLeft = whenLeft(this.#routes.onTheirWay(), this.#peer.outbox);
    return () => this.#isDown() || hasLeft();
  }

  /** Everything this side has emitted that has not settled. */
  unsettled(scope?: Scope): OutboundEvent[] {
    const all = [...this.#peer.unanswered.values(), ...this.#routes.unfinished(scope)];
    return scope === undefined ? all : all.filter((event) => event.namespace === scope);
  }

  #isDown(): boolean {
    return this.#peer.state === "down";
  }
}

/** What a close asks of a peer. */
interface ClosingPeer {
  readonly id: string;
  readonly handling: Handling;
  readonly outbox: Outbox;
  readonly openings: Openings;
  readonly unfinished: Unfinished;
  route(namespace: string): Route;
}

/** What a close waits for, in words. */
export function waitsFor(peer: ClosingPeer, scope: Scope): string[] {
  const { id, handling, unfinished } = peer;
  const things = [
    ...handling.of(scope).map(({ event }) => `a listener of "${event}" from ${id}`),
    ...unfinished.unsettled(scope).map((event) => `what becomes of ${event.name}`),
  ];
  if (things.length > 0 || (unfinished.hasSeenClosing(scope) && unfinished.isDone(scope)))
    return things;
  return [`${id} to read what was sent`];
}

/** A close waits no longer: what has not settled fails. */
export function failUnsettled(peer: ClosingPeer, scope: Scope): void {
  const waiting = scope === undefined ? [] : unwritten(peer.outbox, scope);
  for (const event of [...peer.unfinished.unsettled(scope), ...waiting]) {
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

/** Tells, whenever it is asked, whether those messages have left, and what was in the outbox when they had come there. */
function whenLeft(messages: readonly OutboundMessage[], outbox: Outbox): () => boolean {
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
function holds(outbox: Outbox, namespace: string): boolean {
  return outbox.unfinished.some((parcel) =>
    parcel instanceof Bundle
      ? parcel.holds(namespace)
      : isOutbound(parcel) && parcel.namespace === namespace,
  );
}
