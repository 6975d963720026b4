import type { HostLines, Scope } from "../peer/host.ts";
import { nextTickOutside } from "../time/context.ts";
import type { Errand } from "./errand.ts";
import type { Line } from "./line.ts";

/** All lines of a bus in which something waits: they are told when a peer may have become free. */
export class Lines implements HostLines {
  readonly #lines = new Set<Line>();
  readonly #known = new Map<string, Line>();
  readonly #due = new Set<Line>();
  #last = 0;

  nextNumber(): number {
    return ++this.#last;
  }

  get areWaiting(): boolean {
    return this.#lines.size > 0;
  }

  /** Whoever does not keep a line gets the same one again, with what waits in it. */
  known(key: string, make: () => Line): Line {
    const line = this.#known.get(key) ?? make();
    this.#known.set(key, line);
    return line;
  }

  waits(line: Line, isWaiting: boolean): void {
    if (isWaiting) this.#lines.add(line);
    else this.#lines.delete(line);
  }

  /** Lets the lines of a namespace, or all, see who is free, once the code that runs is through. */
  lookSoon(scope?: Scope): void {
    for (const line of this.#of(scope)) this.lookAt(line);
  }

  lookAt(line: Line): void {
    if (this.#due.size === 0) nextTickOutside(this.#look);
    this.#due.add(line);
  }

  readonly #look = (): void => {
    const due = [...this.#due];
    this.#due.clear();
    for (const line of due) line.look();
  };

  /** Whether nothing waits: in a namespace, or in any. */
  isIdle(scope: Scope): boolean {
    return this.#lines.size === 0 || this.#of(scope).length === 0;
  }

  /** A namespace is closed: whoever asks for one of its lines again gets a new one. */
  forget(namespace: string): void {
    for (const [key, line] of this.#known) {
      if (line.namespace === namespace) this.#known.delete(key);
    }
  }

  /** What waits: in a namespace, or in all. */
  waiting(scope: Scope): Errand[] {
    return this.#of(scope).flatMap((line) => line.waiting());
  }

  /** Fails what waits, as nothing goes out any more. */
  failAll(scope: Scope): void {
    for (const line of this.#of(scope)) line.failAll();
  }

  /** Tells, whenever it is asked, whether everything has found its peer, or has failed, that waits now. */
  whenPlaced(): () => boolean {
    const last = this.#last;
    return () => [...this.#lines].every((line) => line.oldest > last);
  }

  #of(scope: Scope): Line[] {
    return [...this.#lines].filter(({ namespace }) => scope === undefined || namespace === scope);
  }
}
