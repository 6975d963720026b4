import { createHistogram } from "node:perf_hooks";
import type { PayloadKind } from "./payload.ts";
import type { Connection } from "./side.ts";

/** What the measured process is told to do for a while. */
export interface Load {
  readonly kind: "round trips" | "in turn" | "one way" | "to all";
  /** Requests in flight, or messages that may be under way. */
  readonly depth: number;
  readonly milliseconds: number;
  /** Before them, so many under the same load that are not counted. */
  readonly leadIn?: number;
  readonly payload: PayloadKind;
}

/** What it did. */
export interface Sample {
  /** Round trips, messages or rounds to all, per second. */
  readonly rate: number;
  /** Of single round trips, in microseconds. */
  readonly latency: Latency;
  /** Processor time of the measured process, in microseconds per unit of `rate`. */
  readonly processor: number;
}

export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Reading the clock takes a while too, so of small requests only one in so many is looked at. */
const LOOK_AT_EACH = 17;

/** However slow they are, so many have to end for each that is in flight. */
const FEWEST = 3;

/** A message that is answered follows so many that are not. */
const WINDOWS = 4;

/** What ended in time, how long that was, and the processor time, in microseconds, of each that was begun. */
interface Counted {
  readonly count: number;
  readonly seconds: number;
  readonly processor: number;
}

/** Calls its `begin` when the previous one has ended, `depth` times at once, for a while. */
function keepInFlight(
  depth: number,
  { milliseconds, leadIn = 0 }: Load,
  begin: (number: number, ended: () => void) => void,
  onStart: () => void,
): Promise<Counted> {
  return new Promise((resolve) => {
    let begun = 0;
    let begunBefore = 0;
    let count = 0;
    let inFlight = 0;
    let isLate = false;
    let isOver = false;
    let start = 0;
    let seconds = 0;
    let processorBefore = process.cpuUsage();
    const next = () => {
      inFlight++;
      begin(begun++, ended);
    };
    const ended = () => {
      inFlight--;
      if (!isOver) {
        count++;
        isOver = isLate && count >= depth * FEWEST;
        if (isOver) seconds = (performance.now() - start) / 1000;
        else next();
      }
      if (isOver && inFlight === 0) {
        const { user, system } = process.cpuUsage(processorBefore);
        resolve({ count, seconds, processor: (user + system) / (begun - begunBefore) });
      }
    };
    const startCounting = () => {
      count = 0;
      begunBefore = begun;
      processorBefore = process.cpuUsage();
      start = performance.now();
      onStart();
      setTimeout(() => {
        isLate = true;
      }, milliseconds);
    };
    if (leadIn > 0) setTimeout(startCounting, leadIn);
    else startCounting();
    for (let call = 0; call < depth; call++) next();
  });
}

/** Puts a load on the connections, and tells how much they carried. */
export async function carry(
  connections: readonly Connection[],
  load: Load,
  payloads: readonly unknown[],
): Promise<Sample> {
  const histogram = createHistogram();
  const [first] = connections;
  if (!first) throw new Error("nobody to talk to");

  const lookAtEach = load.payload === "100 B" && load.depth > 1 ? LOOK_AT_EACH : 1;
  const requestOf = (connection: Connection, number: number, ended: () => void) => {
    const payload = payloads[number % payloads.length];
    if (number % lookAtEach !== 0) {
      connection.request(payload, ended);
      return;
    }
    const start = performance.now();
    connection.request(payload, () => {
      histogram.record(Math.max(1, Math.round((performance.now() - start) * 1000)));
      ended();
    });
  };
  const request = (number: number, ended: () => void) => requestOf(first, number, ended);
  const inTurn = (number: number, ended: () => void) =>
    requestOf(connections[number % connections.length] ?? first, number, ended);

  const perWindow = Math.max(2, Math.ceil(load.depth / WINDOWS));
  const window = (number: number, ended: () => void) => {
    if (!first.send) throw new Error("this side cannot send without an answer");
    const from = number * perWindow;
    for (let each = from; each < from + perWindow - 1; each++) {
      first.send(payloads[each % payloads.length]);
    }
    first.request(payloads[(from + perWindow - 1) % payloads.length], ended);
  };

  const toAll = (number: number, ended: () => void) => {
    const payload = payloads[number % payloads.length];
    if (first.requestAll) {
      first.requestAll(payload, ended);
      return;
    }
    let missing = connections.length;
    const answered = () => {
      if (--missing === 0) ended();
    };
    for (const connection of connections) connection.request(payload, answered);
  };

  const { kind, depth } = load;
  const begins = { "round trips": request, "in turn": inTurn, "one way": window, "to all": toAll };
  const begin = begins[kind];
  const atOnce = kind === "one way" ? WINDOWS : depth;
  const { count, seconds, processor } = await keepInFlight(atOnce, load, begin, () =>
    histogram.reset(),
  );
  const units = kind === "one way" ? perWindow : 1;
  return {
    rate: (count * units) / seconds,
    processor: processor / units,
    latency: {
      p50: histogram.percentile(50),
      p90: histogram.percentile(90),
      p99: histogram.percentile(99),
      max: histogram.max,
    },
  };
}
