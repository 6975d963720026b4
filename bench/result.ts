import type { Latency } from "./load.ts";

/** What one side reached in one case: a figure of each round. */
export interface Outcome {
  readonly side: string;
  readonly rounds: readonly number[];
  /** Microseconds, of the round in the middle. */
  readonly latency?: Latency;
  /** Whatever else is worth knowing, such as the frame size that was best. */
  readonly note?: string;
}

/** One line of a scenario's table: the same load, put on each side in turn. */
export interface Case {
  readonly scenario: string;
  readonly name: string;
  /** What the figures are. */
  readonly unit: string;
  readonly better: "more" | "less";
  /** The side that the others are compared with. */
  readonly baseline: string;
  readonly outcomes: readonly Outcome[];
}

/** A case, and what else went on. */
export interface MeasuredCase extends Case {
  /** Processors that others kept busy just before or after, the greater of the two. */
  readonly disturbance: number;
}

/** How thoroughly to measure. */
export interface Effort {
  readonly name: "full" | "quick" | "tiny";
  readonly rounds: number;
  /** Of what takes long in each. */
  readonly slowRounds: number;
  /** With one message at a time, and half as long. */
  readonly serialRounds: number;
  /** With how many framings the bare loop runs in each round; the better one counts. */
  readonly framingsKept: number;
  /** Of a side's turn in a round. */
  readonly milliseconds: number;
  readonly warmUpMilliseconds: number;
  /** Before that, for a pair that has just started. */
  readonly coldMilliseconds: number;
  /**
   * Then with one message at a time, where there is none of this in other loads: what is done once a frame has to have run
   * as often, to be compiled.
   */
  readonly aloneMilliseconds?: number;
  /** Before each turn, and not counted. */
  readonly leadIn: number;
  /** Each process of a pair on a processor of its own, where there are two of them. */
  readonly pinned: boolean;
}

/** Something to measure. */
export interface Scenario {
  /** As in `--only`. */
  readonly name: string;
  readonly title: string;
  /** Left out of quick runs, unless it is asked for. */
  readonly isExtra?: true;
  /** Yields each case as soon as it is measured. */
  run(effort: Effort): AsyncGenerator<Case>;
}
