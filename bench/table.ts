import type { Verdict } from "./bars.ts";
import type { Case, MeasuredCase, Outcome } from "./result.ts";
import { ratios, spreadOf } from "./statistics.ts";

/** A case as lines of text: the median of each side, and how many times better than the baseline it is. */
export function linesOf(each: MeasuredCase): string[] {
  const baseline = each.outcomes.find((outcome) => outcome.side === each.baseline);
  return [
    `${each.name} (${each.unit})${warningOf(each)}`,
    ...each.outcomes.map((outcome) => lineOf(each, outcome, baseline)),
  ];
}

/** From here on (processors that others keep busy) the figures are those of another machine. */
const DISTURBED = 0.3;

/** What a reader has to know about a case that was not alone on the machine. */
export function warningOf({ disturbance }: MeasuredCase): string {
  if (disturbance < DISTURBED) return "";
  return `; others kept ${disturbance.toFixed(1)} processors busy`;
}

function lineOf(each: Case, outcome: Outcome, baseline: Outcome | undefined): string {
  const { median: figure } = spreadOf(outcome.rounds);
  const cells = [`  ${outcome.side.padEnd(16)}`, formatted(figure).padStart(10)];
  if (baseline) {
    const [better, worse] =
      each.better === "more" ? [outcome, baseline] : ([baseline, outcome] as const);
    const { median, min, max } = spreadOf(ratios(better.rounds, worse.rounds));
    const spread = outcome === baseline ? "" : ` (${min.toFixed(2)} to ${max.toFixed(2)})`;
    cells.push(`${median.toFixed(2).padStart(7)}${spread}`.padEnd(24));
  }
  if (outcome.latency) {
    const { p50, p99 } = outcome.latency;
    cells.push(`p50 ${formatted(p50)} us, p99 ${formatted(p99)} us`);
  }
  if (outcome.note) cells.push(outcome.note);
  return cells.join("  ").trimEnd();
}

/** What was to be reached beside what was, with a mark; what was not measured is left out. */
export function linesOfVerdicts(verdicts: readonly Verdict[]): string[] {
  return verdicts.flatMap(({ text, bar, reached, from, to, worst, isMet }) => {
    if (reached === undefined || from === undefined || to === undefined) return [];
    const mark = isMet ? "ok" : "below";
    const figure = `${formatted(reached).padStart(6)} (${formatted(from)} to ${formatted(to)})`;
    return `  ${mark.padEnd(7)}${text.padEnd(56)}${bar.padEnd(16)}${figure}${worst ? `, ${worst}` : ""}`;
  });
}

/** A figure with a sensible number of digits, and commas. */
export function formatted(figure: number): string {
  const digits = Math.abs(figure) < 10 ? 2 : Math.abs(figure) < 100 ? 1 : 0;
  return figure.toLocaleString("en-US", { maximumFractionDigits: digits });
}
