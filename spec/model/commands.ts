import fc from "fast-check";

/** Left or right. */
export type Side = 0 | 1;

/** Events by what their listeners do; `typo` has none. */
export type Event = "echo" | "note" | "fail" | "fail-late" | "slow" | "ask" | "typo";

/** What a layer does to a message on its way. */
export type Obstacle =
  | "none"
  | "wait"
  | "drop out"
  | "throw out"
  | "drop in"
  | "drop ack"
  | "no ack";

/** One step of a history. */
export type Command =
  | {
      readonly do: "emit";
      readonly side: Side;
      readonly namespace: 0 | 1;
      readonly event: Event;
      readonly obstacle: Obstacle;
      readonly wants: "nothing" | "ack" | "ack soon" | "ack with signal";
      readonly payload: "small" | "large" | "bad";
    }
  | { readonly do: "flush"; readonly side: Side }
  | { readonly do: "write" | "deliver" | "redeliver" | "stop" | "resume"; readonly side: Side }
  | { readonly do: "open"; readonly side: Side; readonly namespace: 0 | 1 }
  | { readonly do: "close"; readonly side: Side; readonly namespace: 0 | 1 | undefined }
  | { readonly do: "turn" | "flow" }
  | { readonly do: "time" | "block"; readonly ms: number }
  | { readonly do: "settle" | "release" | "cancel"; readonly which: number }
  /** What is written from there fails; the cut follows at the latest in the end. */
  | { readonly do: "fail"; readonly side: Side }
  | { readonly do: "cut"; readonly arrives: boolean; readonly tells: boolean };

const side = fc.constantFrom<Side>(0, 1);
const namespace = fc.constantFrom<0 | 1>(0, 1);
const which = fc.nat(3);

const emit = fc.record({
  do: fc.constant("emit" as const),
  side,
  namespace,
  event: fc.constantFrom<Event>(
    "echo",
    "echo",
    "echo",
    "slow",
    "slow",
    "note",
    "note",
    "fail",
    "fail-late",
    "ask",
    "typo",
  ),
  obstacle: fc.oneof(
    { weight: 4, arbitrary: fc.constant<Obstacle>("none") },
    {
      weight: 2,
      arbitrary: fc.constantFrom<Obstacle>(
        "wait",
        "wait",
        "drop out",
        "throw out",
        "drop in",
        "drop ack",
        "no ack",
      ),
    },
  ),
  wants: fc.constantFrom(
    "nothing" as const,
    "ack" as const,
    "ack soon" as const,
    "ack with signal" as const,
  ),
  payload: fc.constantFrom(
    "small" as const,
    "small" as const,
    "small" as const,
    "large" as const,
    "bad" as const,
  ),
});

const plain = fc.oneof(
  { weight: 6, arbitrary: emit },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "write" as const,
        "deliver" as const,
        "write" as const,
        "deliver" as const,
        "redeliver" as const,
        "stop" as const,
        "resume" as const,
      ),
      side,
    }),
  },
  { weight: 4, arbitrary: fc.constant<Command>({ do: "turn" }) },
  { weight: 3, arbitrary: fc.constant<Command>({ do: "flow" }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("flush" as const), side }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("open" as const), side, namespace }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("time" as const, "block" as const),
      ms: fc.constantFrom(1, 30, 400, 3000, 12_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("settle" as const, "release" as const, "cancel" as const),
      which,
    }),
  },
);

const end = fc.oneof(
  fc.record({
    do: fc.constant("close" as const),
    side,
    namespace: fc.constantFrom<0 | 1 | undefined>(0, 1, undefined, undefined),
  }),
  fc.record({ do: fc.constant("fail" as const), side }),
  fc.record({ do: fc.constant("cut" as const), arrives: fc.boolean(), tells: fc.boolean() }),
);

/** What happens, and whether the two knew each other before. */
export interface Plot {
  readonly begins: "strangers" | "connected";
  readonly commands: readonly Command[];
}

const begins = fc.constantFrom<Plot["begins"]>("connected", "connected", "strangers");

/** Plots in which nobody closes, and the channel holds. */
export const peaceful: fc.Arbitrary<Plot> = fc.record({
  begins,
  commands: fc.array(plain, { maxLength: 40 }),
});

/** Plots with closes and breaks in them. */
export const eventful: fc.Arbitrary<Plot> = fc.record({
  begins,
  commands: fc.array(fc.oneof({ weight: 12, arbitrary: plain }, { weight: 1, arbitrary: end }), {
    maxLength: 40,
  }),
});
