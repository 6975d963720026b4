import type { Fact } from "./facts.ts";
import type { Violation } from "./rules.ts";

/** Of one rule, so many violations are told in full. */
const MOST = 3;

/** What a reader needs to understand violations: what happened to the message, and to its two sides. */
export function describe(violations: readonly Violation[], facts: readonly Fact[]): string {
  const lines: string[] = [];
  for (const rule of new Set(violations.map((violation) => violation.rule))) {
    const found = violations.filter((violation) => violation.rule === rule);
    lines.push(`VIOLATION of "${rule}": ${found.length}`);
    for (const { about, text } of found.slice(0, MOST)) {
      lines.push(`  ${about}: ${text}`, ...historyOf(about, facts).map((line) => `    ${line}`));
    }
  }
  return lines.join("\n");
}

function historyOf(about: string, facts: readonly Fact[]): string[] {
  const sent = facts.find((fact) => fact.is === "sent" && fact.key === about);
  const ran = facts.flatMap((fact) => (fact.is === "handled" && fact.key === about ? fact.by : []));
  const sides = sent?.is === "sent" ? [sent.from, sent.to, ...ran] : [about];
  return facts
    .filter((fact) => ("who" in fact ? sides.includes(fact.who) : nameOf(fact) === about))
    .toSorted((a, b) => a.at - b.at)
    .map((fact) => {
      const { at, ...rest } = fact;
      return `${new Date(at).toISOString().slice(11)} ${JSON.stringify(rest)}`;
    });
}

function nameOf(fact: Exclude<Fact, { who: string }>): string {
  return "key" in fact ? fact.key : fact.question;
}
