import * as vega from "vega";
import { type Config, compile, type TopLevelSpec } from "vega-lite";

/** One bar: how many times better a side is than the baseline, and the middle half of the rounds. */
export interface Datum {
  readonly side: string;
  readonly panel: string;
  readonly group: string;
  readonly figure: number;
  readonly low: number;
  readonly high: number;
}

/** Bars against a baseline of 1. */
export interface Chart {
  /** That of its file. */
  readonly name: string;
  readonly title: string;
  /** What the picture says, in lines. */
  readonly caption: readonly string[];
  readonly axis: string;
  readonly groups: string;
  /** Whether the panels stand side by side or one above the other. */
  readonly panels: "column" | "row";
  readonly data: readonly Datum[];
}

const COLOURS: Readonly<Record<string, string>> = {
  bus: "#2f81f7",
  "bare loop": "#d97706",
  "clusterphone 1": "#8957e5",
  birpc: "#2da44e",
};

/** Of texts and lines: 4.5 to 1 on a white page, and nearly that on a dark one. */
const INK = "#6e7781";

const CONFIG: Config = {
  background: "transparent",
  padding: 12,
  font: 'system-ui, "Segoe UI", "DejaVu Sans", sans-serif',
  view: { stroke: null },
  title: {
    color: INK,
    subtitleColor: INK,
    fontSize: 15,
    subtitleFontSize: 12,
    subtitlePadding: 6,
    anchor: "start",
    offset: 14,
  },
  axis: {
    labelColor: INK,
    titleColor: INK,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: "normal",
    titlePadding: 8,
    gridColor: INK,
    gridOpacity: 0.25,
    domainColor: INK,
    tickColor: INK,
  },
  header: { labelColor: INK, labelFontSize: 13, labelFontWeight: "bold" },
  legend: { labelColor: INK, labelFontSize: 12, title: null, orient: "top", symbolType: "square" },
};

/** Room for one bar with its figure, in pixels. */
const BAR_WIDTH = 34;

const FIGURE = { type: "text", dy: -4, baseline: "bottom", fontSize: 11 } as const;

/** Without a browser Vega only guesses how wide a text is, and too wide; it lets others guess. */
interface TextMetrics {
  width(item: { fontSize?: number }, text: unknown): number;
}
const { textMetrics } = vega as unknown as { textMetrics: TextMetrics };
textMetrics.width = ({ fontSize }, text) => String(text ?? "").length * (fontSize ?? 11) * 0.58;

/** The chart as SVG. */
export async function draw(chart: Chart): Promise<string> {
  const { spec } = compile(specOf(chart), { config: CONFIG });
  const view = new vega.View(vega.parse(spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}

function specOf({ title, caption, axis, groups, panels, data }: Chart): TopLevelSpec {
  const sides = distinct(data, "side");
  const order = distinct(data, "group");
  const x = {
    field: "group",
    type: "ordinal",
    sort: order,
    title: groups,
    axis: { labelAngle: 0, ticks: false, domain: false },
    scale: { paddingInner: 0.25 },
  } as const;
  const xOffset = { field: "side", type: "nominal", sort: sides } as const;
  const quantity = (field: string) => ({ field, type: "quantitative", title: axis }) as const;
  const colours = sides.map((side) => COLOURS[side] ?? INK);
  return {
    title: { text: title, subtitle: [...caption] },
    data: { values: data.map((datum) => ({ ...datum, label: Math.max(datum.high, 1) })) },
    facet: {
      [panels]: { field: "panel", type: "nominal", sort: distinct(data, "panel"), title: null },
    },
    spec: {
      width: order.length * Math.max(sides.length * BAR_WIDTH, 80) * 1.25,
      height: panels === "row" ? 150 : 240,
      layer: [
        {
          mark: { type: "bar", cornerRadiusEnd: 2 },
          encoding: {
            x,
            xOffset,
            y: quantity("figure"),
            color: {
              field: "side",
              type: "nominal",
              scale: { domain: sides, range: colours },
              ...(sides.length === 1 && { legend: null }),
            },
          },
        },
        { mark: { type: "rule", color: INK, strokeDash: [5, 4] }, encoding: { y: { datum: 1 } } },
        {
          mark: { type: "rule", color: INK },
          encoding: { x, xOffset, y: quantity("low"), y2: { field: "high" } },
        },
        {
          // Not on the dashed line: in rows all bars are about as high as it, else the lower ones have theirs above it.
          mark: { ...FIGURE, ...(panels === "row" ? { dy: -6, color: "white" } : { color: INK }) },
          encoding: {
            x,
            xOffset,
            y: panels === "row" ? { datum: 0 } : quantity("label"),
            text: {
              field: "figure",
              type: "quantitative",
              format: panels === "row" ? ".2~f" : ".2~r",
            },
          },
        },
      ],
    },
  } as TopLevelSpec;
}

function distinct(data: readonly Datum[], field: "side" | "group" | "panel"): string[] {
  return [...new Set(data.map((datum) => datum[field]))];
}
