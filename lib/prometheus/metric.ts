/** One of the values of a metric, as prom-client has it. */
export interface Value {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Of the sums, counts and buckets of a histogram or summary. */
  readonly metricName?: string | undefined;
}

/** A metric as prom-client's registers give it, and its aggregators take it. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  readonly values: readonly Value[];
}

/** What is asked of a register: prom-client's `Registry` has it. */
export interface Register {
  getMetricsAsJSON(): Promise<readonly object[]>;
  readonly contentType: string;
}

/** All metrics of some registers, at one moment. Rejects with what a `collect` function throws. */
export async function read(registers: readonly Register[]): Promise<Metric[]> {
  const all = await Promise.all(registers.map((register) => register.getMetricsAsJSON()));
  // The types of prom-client call a type a number, and say nothing of the names in histograms.
  return all.flat() as Metric[];
}
