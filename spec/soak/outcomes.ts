import type { Fact } from "../oracle/facts.ts";

/** How often messages ended in which way, so that one sees what a run has tried. */
export class Outcomes {
  readonly #counts = new Map<string, number>();

  add(facts: readonly Fact[]): void {
    const ways = waysOf(facts);
    const handled = new Set<string>();
    for (const fact of facts) {
      if (fact.is === "thrown") this.#count(`thrown ${fact.code}`);
      else if (fact.is === "reported") this.#count(`${fact.code} ${fact.executed}`);
      else if (fact.is === "gathered") this.#count("all: gathered");
      else if (fact.is === "settled") {
        const { outcome } = fact;
        const what = "code" in outcome ? `${outcome.code} ${outcome.executed}` : "reply";
        this.#count(`${ways.get(fact.key) ?? ""}${what}`);
      } else if (fact.is === "handled") {
        if (handled.has(fact.key)) this.#count(`${ways.get(fact.key) ?? ""}ran again`);
        handled.add(fact.key);
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

/** How those messages were sent that were not for one alone, by their keys. */
function waysOf(facts: readonly Fact[]): Map<string, string> {
  return new Map(
    facts.flatMap((fact): [string, string][] => {
      if (fact.is !== "sent") return [];
      if (fact.job) return [[fact.key, fact.job.key === undefined ? "any: " : "any of a key: "]];
      return fact.key.includes("@") ? [[fact.key, "all: "]] : [];
    }),
  );
}
