import { type Chart, type Datum, draw } from "./chart.ts";
import type { Report } from "./report.ts";
import type { Case } from "./result.ts";
import { ratios, spreadOf } from "./statistics.ts";

/** The pictures of a report, as SVG, by the names of their files. */
export async function chartsOf(report: Report): Promise<Map<string, string>> {
  const drawn = new Map<string, string>();
  for (const chart of [roundTrips(report), rivals(report), payloads(report)]) {
    if (chart.data.length > 0) drawn.set(chart.name, await draw(chart));
  }
  return drawn;
}

function roundTrips(report: Report): Chart {
  const sides = ["bus", "bare loop"];
  return {
    name: "round-trips",
    title: "Small messages, how many times as many as with a hand-written process.send",
    caption: captionOf(report),
    axis: "process.send = 1",
    groups: "round trips in flight",
    panels: "column",
    data: [
      ...ofScenario(report, "roundtrip").flatMap((each) => overBaseline(each, sides)),
      ...ofScenario(report, "oneway").flatMap((each) => overBaseline(each, sides)),
    ],
  };
}

function rivals(report: Report): Chart {
  return {
    name: "rivals",
    title: "Round trips to a cluster worker, how many times as many as with process.send",
    caption: captionOf(report),
    axis: "process.send = 1",
    groups: "round trips in flight",
    panels: "column",
    data: ofScenario(report, "rivals").flatMap((each) =>
      overBaseline(each, ["bus", "clusterphone 1", "birpc"]),
    ),
  };
}

function payloads(report: Report): Chart {
  return {
    name: "payloads",
    title: "The bus by payload, how many times as many as with process.send",
    caption: captionOf(report),
    axis: "process.send = 1",
    groups: "an object of that size, if nothing else is said; answered with one word",
    panels: "row",
    data: ofScenario(report, "payloads")
      .filter(({ name }) => name.endsWith("round trips"))
      .flatMap((each) => overBaseline(each, ["bus"])),
  };
}

function ofScenario({ cases }: Report, scenario: string): Case[] {
  return cases.filter((each) => each.scenario === scenario);
}

/** A case's name tells its place: `json, depth 16` is group 16 of panel json. */
function overBaseline(each: Case, sides: readonly string[]): Datum[] {
  const [panel = "", group = "one way"] = each.name.split(", ");
  const baseline = each.outcomes.find(({ side }) => side === each.baseline)?.rounds ?? [];
  return each.outcomes
    .filter(({ side }) => sides.includes(side))
    .map(({ side, rounds }) => {
      const spread = spreadOf(ratios(rounds, baseline));
      return {
        side,
        panel,
        group: group.replace(/^depth /, ""),
        figure: spread.median,
        low: spread.lowerQuartile,
        high: spread.upperQuartile,
      };
    });
}

function captionOf({ node, machine, date, effort }: Report): string[] {
  const { processor, cores, kernel } = machine;
  return [
    `Node ${node.slice(1)}, ${processor}, ${cores} cores, ${kernel}, ${date.slice(0, 10)}`,
    `Median of ${effort.rounds} rounds in turn; the thin lines are the middle half of them, the dashed line is process.send`,
  ];
}
