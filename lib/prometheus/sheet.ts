import { createHash } from "node:crypto";
import type { Metric, Value } from "./metric.ts";

/** `answered` this time, `stale` if what is known of it is from before, `missing` if nothing ever was. */
export type State = "answered" | "stale" | "missing";

/** All of a metric but its numbers. It seldom changes, so it travels once. */
export interface Shape extends Omit<Metric, "values"> {
  readonly series: readonly Omit<Value, "value">[];
}

/** One metric of one process. */
export interface Reading {
  /** Made of the shape, so that equal shapes have equal ids, wherever they are from. */
  readonly id: string;
  readonly shape: Shape;
  readonly numbers: readonly number[];
}

/** The metrics of one process or thread, or of those that are dead, who have no state. */
export interface Sheet {
  readonly state: State | undefined;
  readonly readings: readonly Reading[];
}

/** JSON has no word for what is not finite. */
type SentNumber = number | string;
type SentReading = readonly [id: string, numbers: readonly SentNumber[], shape?: Shape];

/** A sheet on its way. */
export type SentSheet = readonly [state: State | null, readings: readonly SentReading[]];

export function sheetOf(metrics: readonly Metric[], state?: State): Sheet {
  const readings = metrics.map(({ values, name, help, type, aggregator }) => {
    const series = values.map(({ labels, metricName }) => ({ labels: sent(labels), metricName }));
    const shape = { name, help, type, aggregator, series };
    return { id: idOf(shape), shape, numbers: values.map(({ value }) => value) };
  });
  return { state, readings };
}

/** Labels as they arrive: JSON has no word for what is not finite, such as the bound of a last bucket. */
function sent(labels: Value["labels"]): Value["labels"] {
  const values = Object.values(labels);
  if (!values.some((value) => typeof value === "number" && !Number.isFinite(value))) return labels;
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}

/** What prom-client takes. */
export function metricOf({ shape: { series, ...shape }, numbers }: Reading): Metric {
  const values = series.map((each, index) => ({ ...each, value: numbers[index] ?? Number.NaN }));
  return { ...shape, values };
}

/** The ids of all shapes in sheets. */
export function idsOf(sheets: readonly Sheet[]): string[] {
  return [...new Set(sheets.flatMap(({ readings }) => readings.map(({ id }) => id)))];
}

/** What is sent, without the shapes that are known where it goes, and each other one once. */
export function pack(sheets: readonly Sheet[], known: readonly string[]): SentSheet[] {
  const told = new Set(known);
  return sheets.map(({ state, readings }) => [
    state ?? null,
    readings.map(({ id, shape, numbers }): SentReading => {
      const sent = numbers.map((each) => (Number.isFinite(each) ? each : String(each)));
      if (told.has(id)) return [id, sent];
      told.add(id);
      return [id, sent, shape];
    }),
  ]);
}

/** What was sent, with the help of what is known. */
export function unpack(sent: readonly SentSheet[], known: readonly Sheet[]): Sheet[] {
  const shapes = new Map<string, Shape>();
  for (const { readings } of known) for (const { id, shape } of readings) shapes.set(id, shape);
  return sent.map(([state, readings]) => ({
    state: state ?? undefined,
    readings: readings.map(([id, numbers, told]) => {
      const shape = told ?? shapes.get(id);
      if (!shape) throw new Error("a metric came without its shape, which is not known");
      shapes.set(id, shape);
      return { id, shape, numbers: numbers.map(Number) };
    }),
  }));
}

function idOf(shape: Shape): string {
  return createHash("sha256").update(JSON.stringify(shape)).digest("base64url").slice(0, 16);
}
