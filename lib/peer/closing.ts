import type { Outbox } from "../outbox/outbox.ts";
import { closingItem } from "../wire/items.ts";
import { Note } from "../wire/note.ts";
import { ClosingStep } from "../wire/protocol.ts";
import type { Scope } from "./host.ts";
import { RecentNames } from "./recent-names.ts";

/**
 * The closing of either side, as the two tell each other. Frames come in order, so when the other side
 * has answered that it knows, all that it sent before has arrived.
 */
export class Closing {
  readonly #outbox: Outbox;
  /** What this side closes, and the other has not answered. */
  readonly #unseen = new Set<Scope>();
  /** The namespaces that the other side closes, or has closed and not opened again. */
  readonly #closed = new RecentNames();
  /** The other side closes its bus. */
  #isAllClosed = false;
  /** The other side has closed its bus, and listens to nothing. */
  isGone = false;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Tells that no further messages are accepted here. */
  announce(scope: Scope): void {
    if (this.isGone) return;
    this.#unseen.add(scope);
    this.#tell(scope, ClosingStep.ANNOUNCED);
  }

  /** Tells, past everything that waits, that this side has stopped to listen. */
  leave(): void {
    if (this.isGone) return;
    this.#outbox.pushFirst(new Note(closingItem(undefined, ClosingStep.GONE)));
  }

  /** Whether the other side knows what was announced. */
  isSeen(scope: Scope): boolean {
    return this.isGone || !this.#unseen.has(scope);
  }

  /** Whether the other side has stopped to take messages: in a namespace, or in any. */
  hasClosed(scope: Scope): boolean {
    if (scope === undefined) return this.#isAllClosed;
    return this.#closed.size > 0 && this.#closed.has(scope);
  }

  /** What the other side closes that a namespace belongs to, in words; nothing if it takes messages. */
  whatIsClosed(namespace: string): string | undefined {
    if (this.#isAllClosed) return "its bus";
    return this.hasClosed(namespace) ? `namespace "${namespace}"` : undefined;
  }

  /** The other side has opened a namespace, perhaps again. */
  reopen(namespace: string): void {
    this.#closed.delete(namespace);
  }

  /** What the other side tells. Returns whether it closes something. */
  receive(scope: Scope, step: unknown): boolean {
    if (step === ClosingStep.SEEN) {
      this.#unseen.delete(scope);
      return false;
    }
    // Said once, it is known; and answered once.
    const isNews = !this.hasClosed(scope);
    if (scope === undefined || step === ClosingStep.GONE) this.#isAllClosed = true;
    else this.#closed.add(scope);
    if (step === ClosingStep.GONE) this.isGone = true;
    else if (isNews) this.#tell(scope, ClosingStep.SEEN);
    return isNews || this.isGone;
  }

  #tell(scope: Scope, step: number): void {
    this.#outbox.push(new Note(closingItem(scope, step)));
  }
}
