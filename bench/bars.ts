import type { Case } from "./result.ts";
import { ratios, spreadOf } from "./statistics.ts";

/** What has to be reached, and the only place where it is written. */
export interface Bar {
  readonly scenario: string;
  /** Of the cases' names; where several fit, the worst counts. */
  readonly cases: RegExp;
  readonly text: string;
  /** The side that is judged; the bus, if left out. */
  readonly side?: string;
  /** The side that it is compared with; without one, the figure itself is judged. */
  readonly over?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

const RAW = "process.send";

export const bars: readonly Bar[] = [
  ...against(RAW, "roundtrip", "json", { 1: 0.85, 16: 1.0, 256: 2.5, 1024: 3.0 }),
  ...against(RAW, "roundtrip", "advanced", { 1: 0.85, 16: 1.8, 256: 6, 1024: 7 }),
  ...against("bare loop", "roundtrip", "json", { 256: 0.8, 1024: 0.8 }),
  ...against("bare loop", "roundtrip", "advanced", { 256: 0.8, 1024: 0.8 }),
  ...against("clusterphone 1", "rivals", "json", { 256: 4 }),
  ...against("birpc", "rivals", "json", { 256: 3.3 }),
  { scenario: "oneway", cases: /^json/, text: "one-way, json", over: RAW, atLeast: 2.1 },
  { scenario: "oneway", cases: /^advanced/, text: "one-way, advanced", over: RAW, atLeast: 4 },
  {
    scenario: "payloads",
    cases: / (10 KB|100 KB|1 MB.*),/,
    text: "any payload from 10 KB up",
    over: RAW,
    atLeast: 0.95,
  },
  {
    scenario: "broadcast",
    cases: /^json/,
    text: "1 MB to 8 workers, sender's processor time, json",
    over: RAW,
    atLeast: 1.3,
  },
  {
    scenario: "broadcast",
    cases: /^advanced/,
    text: "1 MB to 8 workers, sender's processor time, advanced",
    over: RAW,
    atLeast: 3,
  },
  {
    scenario: "middlewares",
    cases: /depth 256/,
    text: "five synchronous middlewares, of none",
    side: "5 sync",
    over: "none",
    atLeast: 0.9,
  },
  {
    scenario: "any",
    cases: /depth 256/,
    text: "any of 4 idle workers, over to in turn, sender's processor time",
    side: "any",
    over: "to, in turn",
    atLeast: 0.9,
  },
  {
    scenario: "all",
    cases: /./,
    text: "all of 32 workers, over a loop of to, sender's processor time",
    side: "all",
    over: "to, a loop",
    atLeast: 1,
  },
  ...overNats("by hand", { 1: 0.75, 16: 1.2, 256: 2.2 }),
  ...overNats("nc.request", { 1: 0.9, 16: 3, 256: 15 }),
  ...overNats("moleculer", { 1: 1, 256: 5 }),
  {
    scenario: "machines",
    cases: /^round trips/,
    text: "over NATS, the session, of none",
    over: "no session",
    atLeast: 0.9,
  },
  {
    scenario: "machines",
    cases: /^one way/,
    text: "over NATS, one way, over nc.publish",
    over: "nc.publish",
    atLeast: 1.2,
  },
  {
    scenario: "machines",
    cases: /^100 KB/,
    text: "over NATS, 100 KB, depth 16, over nc.request",
    over: "nc.request",
    atLeast: 0.75,
  },
  {
    scenario: "machines",
    cases: /^any/,
    text: "over NATS, any of 4, one 10 times slower, of the ideal",
    side: "any",
    atMost: 1.35,
  },
  { scenario: "memory", cases: /100,000/, text: "100,000 pending acks, MB", atMost: 60 },
  {
    scenario: "loading",
    cases: /import/,
    text: "import, ms over an empty module",
    side: "clusterphone",
    atMost: 25,
  },
];

function against(
  over: string,
  scenario: string,
  serialization: string,
  depths: Readonly<Record<number, number>>,
): Bar[] {
  return Object.entries(depths).map(([depth, atLeast]) => ({
    scenario,
    cases: new RegExp(`^${serialization}, depth ${depth}$`),
    text: `round trips, ${serialization}, depth ${depth}, over ${over}`,
    over,
    atLeast,
  }));
}

function overNats(over: string, depths: Readonly<Record<number, number>>): Bar[] {
  return Object.entries(depths).map(([depth, atLeast]) => ({
    scenario: "machines",
    cases: new RegExp(`^round trips, depth ${depth}$`),
    text: `over NATS, round trips, depth ${depth}, over ${over}`,
    over,
    atLeast,
  }));
}

/** How a bar came out. */
export interface Verdict {
  readonly text: string;
  readonly bar: string;
  /** Left out where nothing that was measured falls under the bar. */
  readonly reached?: number;
  /** Of the rounds, the one in which least was reached, and the one in which most was. */
  readonly from?: number;
  readonly to?: number;
  /** The case that was judged, where several fall under the bar. */
  readonly worst?: string;
  readonly isMet?: boolean;
}

/** Holds what was measured against each bar. */
export function judge(cases: readonly Case[]): Verdict[] {
  return bars.map((bar) => {
    const found = cases.filter(
      (each) => each.scenario === bar.scenario && bar.cases.test(each.name),
    );
    const spreads = found
      .map((each) => ({ name: each.name, ...spreadOf(figuresOf(bar, each)) }))
      .filter(({ median }) => !Number.isNaN(median))
      .sort((a, b) => (bar.atMost === undefined ? a.median - b.median : b.median - a.median));
    const text = { text: bar.text, bar: limitOf(bar) };
    const [worst] = spreads;
    if (!worst) return text;
    const { median: reached, min: from, max: to } = worst;
    const isMet = reached >= (bar.atLeast ?? -Infinity) && reached <= (bar.atMost ?? Infinity);
    return { ...text, reached, from, to, isMet, ...(found.length > 1 && { worst: worst.name }) };
  });
}

/** How many times better the judged side was, round by round; or its own figures. */
function figuresOf(bar: Bar, each: Case): number[] {
  const roundsOf = (side: string) =>
    each.outcomes.find((outcome) => outcome.side === side)?.rounds ?? [];
  const judged = roundsOf(bar.side ?? "bus");
  if (bar.over === undefined) return [...judged];
  const over = roundsOf(bar.over);
  return each.better === "more" ? ratios(judged, over) : ratios(over, judged);
}

function limitOf({ atLeast, atMost }: Bar): string {
  return atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`;
}
