import { setImmediate as turn } from "node:timers/promises";
import { Registry } from "prom-client";
import type { Metric } from "./metric.ts";
import type { Reading, Sheet, State } from "./sheet.ts";
import type { Union } from "./union.ts";

/** So long, in ms, others wait for this process at most while it makes a text, if no single metric takes longer. */
const STRETCH = 10;
const END = "# EOF\n";

/** What Prometheus reads: of each metric what its aggregator makes of all, and how many processes that is about. */
export async function textOf(
  sheets: readonly Sheet[],
  union: Union,
  contentType: string,
): Promise<string> {
  const texts: string[] = [];
  let began = performance.now();
  for (const readings of byName(sheets).values()) {
    texts.push(await textOfMetric(union.of(readings), contentType));
    if (performance.now() - began < STRETCH) continue;
    await turn();
    began = performance.now();
  }
  texts.push(await textOfMetric(workers(sheets), contentType));
  const isOpen = contentType === Registry.OPENMETRICS_CONTENT_TYPE;
  return isOpen ? `${texts.join("")}${END}` : texts.filter((text) => text !== "").join("\n");
}

/** As prom-client writes it, which knows of each form of text what is particular to it. */
async function textOfMetric(metric: Metric | undefined, contentType: string): Promise<string> {
  if (!metric) return "";
  const registry = new Registry();
  registry.setContentType(contentType as Registry["contentType"]);
  // It may change the name: OpenMetrics wants the `_total` of a counter at its values only.
  const registered: Metric & { get(): Metric } = { ...metric, get: () => registered };
  registry.registerMetric(registered as never);
  const text = await registry.metrics();
  return text.endsWith(END) ? text.slice(0, -END.length) : text;
}

function byName(sheets: readonly Sheet[]): Map<string, Reading[]> {
  const found = new Map<string, Reading[]>();
  for (const reading of sheets.flatMap(({ readings }) => readings)) {
    const known = found.get(reading.shape.name);
    if (known) known.push(reading);
    else found.set(reading.shape.name, [reading]);
  }
  return found;
}

/** How those stand that are below the process whose sheet is the first. */
function workers([, ...below]: readonly Sheet[]): Metric {
  const states: readonly State[] = ["answered", "stale", "missing"];
  return {
    name: "clusterphone_workers",
    help: "Workers, threads and children: answered this time, known from before (stale), or never heard (missing).",
    type: "gauge",
    aggregator: "sum",
    values: states.map((state) => ({
      labels: { state },
      value: below.filter((sheet) => sheet.state === state).length,
    })),
  };
}
