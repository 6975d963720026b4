import type { Report } from "./report.ts";
import type { Case } from "./result.ts";
import { ratios, spreadOf } from "./statistics.ts";
import { formatted, warningOf } from "./table.ts";

/** A report as a page: the bars first, then every figure. */
export function markdownOf(report: Report): string {
  const { node, machine, commit, date, effort, packages, verdicts, cases } = report;
  const { processor, cores, kernel, load } = machine;
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return [
    `# Node ${node.slice(1)}`,
    "",
    `${processor}, ${cores} cores, ${kernel}, load ${load.toFixed(1)} before the run; commit ${commit}, ${date.slice(0, 10)}; ${effort.rounds} rounds of ${effort.milliseconds} ms a side. ${versions.join(", ")}.`,
    "",
    "Ratios are medians of the rounds' ratios, with the least and the most of them in brackets.",
    "",
    "## To be reached, and reached",
    "",
    "| | | bar | reached |",
    "|---|---|---|---|",
    ...verdicts.flatMap(({ text, bar, reached, from = 0, to = 0, worst, isMet }) =>
      reached === undefined
        ? []
        : row([
            isMet ? "ok" : "**below**",
            text + (worst ? ` (worst: ${worst})` : ""),
            bar,
            `${formatted(reached)} (${formatted(from)} to ${formatted(to)})`,
          ]),
    ),
    "",
    "## All figures",
    ...cases.flatMap((each) => [
      "",
      `### ${each.scenario}: ${each.name}${warningOf(each)}`,
      "",
      ...tableOf(each),
    ]),
    "",
  ].join("\n");
}

function tableOf(each: Case): string[] {
  const baseline = each.outcomes.find(({ side }) => side === each.baseline);
  return [
    `| | ${each.unit} | times better than ${each.baseline || "nothing"} | p50, p90, p99, max in us | |`,
    "|---|---|---|---|---|",
    ...each.outcomes.flatMap((outcome) => {
      const { side, rounds, latency, note } = outcome;
      const better = each.better === "more" ? [outcome, baseline] : [baseline, outcome];
      const [above, below] = better.map((one) => one?.rounds ?? []);
      const { median, min, max } = spreadOf(ratios(above ?? [], below ?? []));
      return row([
        side,
        formatted(spreadOf(rounds).median),
        baseline && side !== each.baseline
          ? `${formatted(median)} (${formatted(min)} to ${formatted(max)})`
          : "",
        latency ? Object.values(latency).map(formatted).join(", ") : "",
        note ?? "",
      ]);
    }),
  ];
}

function row(cells: readonly string[]): string[] {
  return [`| ${cells.join(" | ")} |`];
}
