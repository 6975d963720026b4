import { aggregate } from "./dead.ts";
import type { Metric } from "./metric.ts";
import { metricOf, type Reading, type Shape } from "./sheet.ts";

type Series = Shape["series"][number];

/** Where the numbers of readings belong, as long as their shapes are the same. */
interface Plan {
  /** The ids of the shapes, in their order. */
  readonly ids: string;
  readonly series: readonly Series[];
  /** For each reading the place of each of its numbers among the series. */
  readonly places: readonly (readonly number[])[];
}

type Step = (made: number, number: number) => number;

/** The aggregators of prom-client that take one number after the other. `average` is a sum that is divided. */
const STEPS: Readonly<Record<string, Step | undefined>> = {
  sum: (made, number) => made + number,
  average: (made, number) => made + number,
  min: (made, number) => Math.min(made, number),
  max: (made, number) => Math.max(made, number),
  first: (made) => made,
};

/**
 * Makes one metric of those of many processes, as the aggregators of prom-client do. These compare the labels of all
 * values each time, which takes a process with many workers and series most of a second. Here it is known which
 * numbers belong together until a series comes or goes.
 */
export class Union {
  readonly #plans = new Map<string, Plan>();

  /** Nothing if the aggregator, that of the first, omits it. Throws for an aggregator that prom-client has not. */
  of(readings: readonly Reading[]): Metric | undefined {
    const shape = readings[0]?.shape;
    const step = shape && Object.hasOwn(STEPS, shape.aggregator) && STEPS[shape.aggregator];
    if (!step) return aggregate(readings.map((reading) => [metricOf(reading)]))[0];
    const { name, help, type, aggregator } = shape;
    const { series, places } = this.#planOf(name, readings);
    const numbers: (number | undefined)[] = series.map(() => undefined);
    const counts = series.map(() => 0);
    for (const [index, reading] of readings.entries()) {
      for (const [at, place] of (places[index] ?? []).entries()) {
        const number = reading.numbers[at] ?? Number.NaN;
        const made = numbers[place];
        numbers[place] = made === undefined ? number : step(made, number);
        counts[place] = (counts[place] ?? 0) + 1;
      }
    }
    const values = series.map((each, place) => {
      const made = numbers[place] ?? Number.NaN;
      return { ...each, value: aggregator === "average" ? made / (counts[place] ?? 1) : made };
    });
    return { name, help, type, aggregator, values };
  }

  #planOf(name: string, readings: readonly Reading[]): Plan {
    const ids = readings.map(({ id }) => id).join();
    let plan = this.#plans.get(name);
    if (plan?.ids !== ids) {
      plan = planOf(ids, readings);
      this.#plans.set(name, plan);
    }
    return plan;
  }
}

function planOf(ids: string, readings: readonly Reading[]): Plan {
  const series: Series[] = [];
  const places = new Map<string, number>();
  const placeOf = (each: Series): number => {
    const key = keyOf(each);
    let place = places.get(key);
    if (place === undefined) {
      place = series.push(each) - 1;
      places.set(key, place);
    }
    return place;
  };
  return { ids, series, places: readings.map(({ shape }) => shape.series.map(placeOf)) };
}

/** Equal for series that are the same, whatever the order of their labels. */
function keyOf({ metricName = "", labels }: Series): string {
  const names = Object.keys(labels);
  if (names.length > 1) names.sort();
  return JSON.stringify([metricName, names, names.map((name) => String(labels[name]))]);
}
