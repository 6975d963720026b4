import { AggregatorRegistry } from "prom-client";
import type { Metric } from "./metric.ts";
import { metricOf, type Sheet, sheetOf } from "./sheet.ts";

/** What only counts up: a gauge, and the quantiles of a summary, say how somebody is who is no more. */
const KEPT = ["counter", "histogram", "summary"];
/** Those that can be applied to what they have made. */
const REPEATABLE = ["sum", "min", "max"];

/** What is kept of those that died: their sums, so that no counter falls. */
export function bury(dead: Sheet, died: readonly Sheet[]): Sheet {
  const metrics = [dead, ...died].map((sheet) =>
    sheet.readings.map(metricOf).filter(isKept).map(withoutNow),
  );
  return sheetOf(aggregate(metrics));
}

/** One metric of each name, made as its aggregator says; without those that are omitted. */
export function aggregate(metrics: readonly (readonly Metric[])[]): Metric[] {
  // The types leave out that it has an aggregate of each metric, with values.
  const made = AggregatorRegistry.aggregate([...metrics]).getMetricsAsArray() as unknown[];
  return made as Metric[];
}

function isKept({ type, aggregator }: Metric): boolean {
  return KEPT.includes(type) && REPEATABLE.includes(aggregator);
}

function withoutNow(metric: Metric): Metric {
  if (metric.type !== "summary") return metric;
  return { ...metric, values: metric.values.filter(({ metricName }) => metricName !== undefined) };
}
