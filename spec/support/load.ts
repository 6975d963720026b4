import type { BusError } from "../../lib/errors/bus-error.ts";

/** What became of one message. */
export interface Outcome {
  readonly id: number;
  readonly error: BusError | undefined;
}

/** Sends numbered messages, so many at a time, until it is stopped and all have settled. */
export class Load {
  readonly outcomes: Outcome[] = [];
  /** How long the slowest answer took, in ms. */
  longest = 0;
  #isOver = false;
  #last: number;
  #answers = 0;
  readonly #lanes: Promise<void>[];
  #watchers: { readonly count: number; readonly resolve: () => void }[] = [];

  /** The first message has the number after `last`. */
  constructor(send: (id: number) => Promise<unknown>, depth = 16, last = 0) {
    this.#last = last;
    this.#lanes = Array.from({ length: depth }, () => this.#lane(send));
  }

  /** Resolves when so many more have been answered. */
  answered(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.push({ count: this.#answers + count, resolve });
    });
  }

  async stop(): Promise<Outcome[]> {
    this.#isOver = true;
    await Promise.all(this.#lanes);
    return this.outcomes;
  }

  async #lane(send: (id: number) => Promise<unknown>): Promise<void> {
    while (!this.#isOver) {
      const id = ++this.#last;
      const begun = performance.now();
      const error = await send(id).then(
        () => undefined,
        (thrown: BusError) => thrown,
      );
      this.outcomes.push({ id, error });
      if (error) {
        // Failures come at once while nobody is there.
        await new Promise((resolve) => setTimeout(resolve, 10));
      } else {
        this.#answers++;
        this.longest = Math.max(this.longest, performance.now() - begun);
      }
      if (this.#watchers.length > 0) this.#tell();
    }
  }

  #tell(): void {
    const due = this.#watchers.filter(({ count }) => count <= this.#answers);
    if (due.length === 0) return;
    this.#watchers = this.#watchers.filter(({ count }) => count > this.#answers);
    for (const { resolve } of due) resolve();
  }
}

/** What was said of messages and is not so, by what one receiver has run, or several. */
export function liesIn(outcomes: readonly Outcome[], ran: readonly number[]): string[] {
  const lies: string[] = [];
  const times = new Map<number, number>();
  for (const id of ran) times.set(id, (times.get(id) ?? 0) + 1);
  for (const { id, error } of outcomes) {
    const runs = times.get(id) ?? 0;
    if (runs > 1) lies.push(`${id} ran ${runs} times`);
    const executed = error?.executed ?? "yes";
    if (executed === "yes" && runs === 0) lies.push(`${id} did not run, but was said to`);
    if (executed === "no" && runs > 0)
      lies.push(`${id} ran, but was said not to: ${error?.message}`);
  }
  return lies;
}

/** What is not as it has to be where every message is answered, and runs once and in order, at one receiver. */
export function faultsIn(outcomes: readonly Outcome[], ran: readonly number[]): string[] {
  const lost = outcomes.filter(({ error }) => error);
  return [
    ...lost.map(({ id, error }) => `${id} was lost: ${error?.message}`),
    ...liesIn(outcomes, ran),
    ...(isInOrder(ran) ? [] : ["out of order"]),
  ];
}

/** Whether messages ran in the order of their `emit`. */
export function isInOrder(ran: readonly number[]): boolean {
  return ran.every((id, index) => index === 0 || id > (ran[index - 1] ?? 0));
}
