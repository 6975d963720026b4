import type { Fact } from "../oracle/facts.ts";

/** How often messages ended in which way, so that one sees what a run has tried. */
export class Outcomes {
  readonly #counts = new Map<string, number>();

  add(facts: Iterable<Fact>): void {
    for (const fact of facts) {
      if (fact.is === "thrown") this.#count(`thrown ${fact.code}`);
      else if (fact.is === "reported") this.#count(`${fact.code} ${fact.executed}`);
      else if (fact.is === "settled") {
        const { outcome } = fact;
        this.#count("code" in outcome ? `${outcome.code} ${outcome.executed}` : "reply");
      } else if (fact.is === "hung-up")
        this.#count(fact.answer ? "client served" : "client closed");
    }
  }

  toString(): string {
    const entries = [...this.#counts].toSorted(([a], [b]) => a.localeCompare(b));
    return entries.map(([what, count]) => `${what}: ${count}`).join(", ");
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }
}
