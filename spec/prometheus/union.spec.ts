import { expect } from "chai";
import fc from "fast-check";
import { AggregatorRegistry } from "prom-client";
import type { Metric } from "../../lib/prometheus/metric.ts";
import { pack, type Sheet, sheetOf, unpack } from "../../lib/prometheus/sheet.ts";
import { Union } from "../../lib/prometheus/union.ts";

const value = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.constantFrom(Number.NaN, Infinity, -Infinity),
);
const labels = fc.dictionary(
  fc.constantFrom("a", "b", "__proto__", "le"),
  fc.oneof(fc.constantFrom("x", "y"), fc.integer({ min: 0, max: 1 })),
  { maxKeys: 2 },
);
const series = fc.uniqueArray(
  fc.record({ labels, value, metricName: fc.constantFrom(undefined, "m_sum", "m_count") }),
  {
    // The same in another order, or a number and its text, is one series.
    selector: ({ labels, metricName }) =>
      JSON.stringify([
        metricName,
        Object.entries(labels)
          .map((each) => each.join())
          .toSorted(),
      ]),
    maxLength: 6,
  },
);
const aggregator = fc.constantFrom("sum", "average", "min", "max", "first", "omit");

function metric(values: Metric["values"], aggregator: string): Metric {
  return { name: "m", help: "help", type: "gauge", aggregator, values };
}

/** Through what a channel with json does. */
function sent(sheets: readonly Sheet[], last: readonly Sheet[]): Sheet[] {
  const known = last.flatMap(({ readings }) => readings.map(({ id }) => id));
  return unpack(JSON.parse(JSON.stringify(pack(sheets, known))), last);
}

describe("the union of metrics", () => {
  it("is what prom-client makes of them, scrape after scrape", () => {
    fc.assert(
      fc.property(
        aggregator,
        fc.array(fc.array(series, { minLength: 1, maxLength: 4 }), { maxLength: 4 }),
        (name, scrapes) => {
          const union = new Union();
          let last: Sheet[] = [];
          for (const processes of scrapes) {
            const metrics = processes.map((values) => metric(values, name));
            last = sent(
              metrics.map((each) => sheetOf([each], "answered")),
              last,
            );
            const [expected] = AggregatorRegistry.aggregate(
              metrics.map((each) => [each]),
            ).getMetricsAsArray() as unknown as Metric[];
            const made = union.of(last.flatMap(({ readings }) => readings));
            expect(made?.values.map(plain)).to.deep.equal(expected?.values.map(plain));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("knows a label again that is no finite number, which JSON has no word for", () => {
    const values = [Infinity, Number.NaN].map((le) => ({ labels: { le }, value: 1 }));
    const own = sheetOf([metric(values, "sum")]);
    const readings = [own, ...sent([own], [])].flatMap((sheet) => sheet.readings);
    expect(new Union().of(readings)?.values).to.deep.equal([
      { labels: { le: "Infinity" }, metricName: undefined, value: 2 },
      { labels: { le: "NaN" }, metricName: undefined, value: 2 },
    ]);
  });

  it("throws for an aggregator that there is not", () => {
    const { readings } = sheetOf([metric([], "median")]);
    expect(() => new Union().of(readings)).to.throw(/'median' is not a defined aggregator/);
  });

  it("does not send what is known, and each other shape once", () => {
    const sheet = sheetOf([metric([{ labels: { a: "x" }, value: 1 }], "sum")], "answered");
    const lengths = pack([sheet, sheet], []).map(([, readings]) => readings[0]?.length);
    expect(lengths).to.deep.equal([3, 2]);
    const again = JSON.stringify(pack([sheet], [sheet.readings[0]?.id as string]));
    expect(again).to.not.contain("help");
    expect(() => unpack(JSON.parse(again), [])).to.throw(/shape/);
  });
});

function plain({ labels, metricName, value }: Metric["values"][number]): unknown {
  return [metricName, Object.entries(labels).map(([name, text]) => [name, String(text)]), value];
}
