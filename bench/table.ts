import type { Case, Outcome } from "./result.ts";
import { ratios, spreadOf } from "./statistics.ts";

/** A case as lines of text. */
export function linesOf(each: Case): string[] {
  const baseline = each.outcomes.find((outcome) => outcome.side === each.baseline);
  return [
    `${each.name} (${each.unit})`,
    ...each.outcomes.map((outcome) => lineOf(outcome, baseline)),
  ];
}

function lineOf(outcome: Outcome, baseline: Outcome | undefined): string {
  const cells = [
    `  ${outcome.side.padEnd(16)}`,
    formatted(spreadOf(outcome.rounds).median).padStart(10),
  ];
  if (baseline) {
    const { median, min, max } = spreadOf(ratios(outcome.rounds, baseline.rounds));
    cells.push(
      `${median.toFixed(2).padStart(7)} (${min.toFixed(2)} to ${max.toFixed(2)})`.padEnd(26),
    );
  }
  if (outcome.latency) {
    const { p50, p99 } = outcome.latency;
    cells.push(`p50 ${formatted(p50)} us, p99 ${formatted(p99)} us`);
  }
  if (outcome.note) cells.push(outcome.note);
  return cells.join("  ").trimEnd();
}

/** A figure with a sensible number of digits, and commas. */
export function formatted(figure: number): string {
  const digits = Math.abs(figure) < 10 ? 2 : Math.abs(figure) < 100 ? 1 : 0;
  return figure.toLocaleString("en-US", { maximumFractionDigits: digits });
}
