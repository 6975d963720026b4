import type { Ending, Group, Job } from "../oracle/facts.ts";
import type { Harm } from "./engine.ts";
import { Random } from "./random.ts";
import type { Saying } from "./speaker.ts";

/** What a participant is. */
export type Kind = "worker" | "json" | "advanced" | "thread" | "remote";

/** Something the primary does to whoever has that place at that time. */
export interface Step {
  /** ms from the start of the round. */
  readonly at: number;
  readonly place: number;
  readonly action: Action;
}

export type Action =
  | {
      readonly do: "spawn";
      readonly kind: Kind;
      readonly seed: number;
      readonly serialization: "json" | "advanced";
      readonly early: readonly Saying[];
    }
  | { readonly do: "say"; readonly what: readonly Saying[] }
  | {
      readonly do: "flood";
      readonly namespace: string;
      readonly count: number;
      readonly stopFor: number;
    }
  | { readonly do: "stop"; readonly ms: number }
  | { readonly do: "end"; readonly how: Ending; readonly event: string }
  | {
      readonly do: "connect";
      readonly count: number;
      readonly event: string;
      readonly queueHandle: boolean;
      readonly namespace: string;
      readonly sayToo?: boolean;
    }
  /** Whoever of a group is free gets each. */
  | { readonly do: "work"; readonly jobs: readonly (readonly [Job, Saying])[] }
  /** All of a group are asked. */
  | { readonly do: "ask"; readonly group: Group; readonly what: Saying }
  | { readonly do: "block"; readonly ms: number }
  /** Something happens to the server of those who are remote, or to the cable there. */
  | { readonly do: "harm"; readonly how: Harm; readonly ms: number }
  /** For so long it forwards each message that comes from a process to another one, as old programs do. */
  | { readonly do: "relay"; readonly ms: number };

/** ms of chaos in a round; then everybody ends. */
const DURATION = 8000;

/** How many participants there are at a time. */
export const PLACES = 6;

/** Everything that the primary does in one round of a seed: the same for the same numbers. */
export function planOf(seed: number, round: number): Step[] {
  const random = new Random(seed, "round", round);
  const steps: Step[] = [];
  for (let place = 0; place < PLACES; place++) {
    steps.push({ at: random.between(0, 400), place, action: spawn(random) });
  }
  for (let at = 100; at < DURATION; at += random.between(1, 60)) {
    steps.push({ at, place: random.between(0, PLACES - 1), action: action(random) });
  }
  return steps.toSorted((a, b) => a.at - b.at);
}

/** How the one in each place ends when the round is over. */
export function endingsOf(seed: number, round: number): Ending[] {
  const random = new Random(seed, "endings", round);
  return Array.from({ length: PLACES }, () => ending(random, 4));
}

function action(random: Random): Action {
  const kind = random.weighted({
    say: 50,
    work: 15,
    ask: 8,
    flood: 1.5,
    stop: 3,
    end: 3,
    spawn: 6,
    connect: 6,
    block: 0.7,
    relay: 1,
    harm: 0.7,
  });
  switch (kind) {
    case "say":
      return { do: "say", what: sayings(random, random.between(1, 50)) };
    case "work":
      return { do: "work", jobs: jobs(random) };
    case "ask":
      return { do: "ask", group: group(random), what: question(random) };
    case "flood":
      return {
        do: "flood",
        namespace: random.pick(["a", "_", "late"]),
        count: random.between(8000, 40_000),
        stopFor: random.chance(0.6) ? random.between(100, 1500) : 0,
      };
    case "stop":
      return { do: "stop", ms: random.between(10, 1500) };
    case "end":
      return { do: "end", how: ending(random, 1), event: random.pick(["_", "a", "late"]) };
    case "spawn":
      return spawn(random);
    case "connect":
      return {
        do: "connect",
        count: random.between(1, 6),
        event: random.pick(["socket", "socket", "socket", "echo"]),
        queueHandle: random.chance(0.7),
        namespace: random.pick(["_", "a", "late"]),
        sayToo: random.chance(0.5),
      };
    case "block":
      return { do: "block", ms: random.between(20, 500) };
    case "relay":
      return { do: "relay", ms: random.between(100, 1500) };
    case "harm":
      return {
        do: "harm",
        how: random.pick(["kill", "stop", "lame duck", "cut"]),
        ms: random.between(0, 1500),
      };
  }
}

function spawn(random: Random): Action {
  return {
    do: "spawn",
    kind: random.pick(["worker", "worker", "json", "advanced", "thread", "remote", "remote"]),
    seed: random.between(0, 2 ** 31),
    serialization: random.pick(["json", "advanced"]),
    early: sayings(random, random.between(0, 15)),
  };
}

function ending(random: Random, close: number): Ending {
  return random.weighted<Ending>({
    kill: 3,
    close,
    exit: 1,
    disconnect: 1,
    leave: 1,
    finish: 2,
  });
}

function sayings(random: Random, count: number): Saying[] {
  return Array.from({ length: count }, () => saying(random));
}

function saying(random: Random): Saying {
  const event = random.weighted({
    echo: 20,
    note: 12,
    slow: 6,
    fail: 3,
    "fail-late": 2,
    mute: 2,
    typo: 2,
    ask: 4,
    block: 0.4,
  });
  return {
    namespace: random.pick([
      "_",
      "a",
      "a",
      "a",
      "late",
      "manual",
      random.chance(0.1) ? "never" : "a",
    ]),
    event,
    wantsAck: random.chance(event === "note" ? 0.2 : 0.9),
    timeout: random.pick([undefined, undefined, undefined, null, 1, 30, 300, 2000]),
    length: random.chance(0.15) ? random.between(1, random.chance(0.2) ? 2 ** 20 : 5000) : 0,
    ms: random.between(1, event === "block" ? 300 : 900),
    isBad: random.chance(0.04),
    abortAfter: random.chance(0.1) ? random.between(0, 300) : undefined,
  };
}

function group(random: Random): Group {
  return random.pick(["workers", "children", "threads", "processes", "processes", "remotes"]);
}

/** All of one group, so that they wait for each other. */
function jobs(random: Random): [Job, Saying][] {
  const wanted = { group: group(random), concurrency: random.pick([1, Infinity]) };
  const namespace = random.pick(["_", "a", "jobs", "jobs", "late", "manual"]);
  return Array.from({ length: random.between(1, 40) }, () => {
    const key = random.chance(0.4) ? random.pick(["ada", "bob", "eve"]) : undefined;
    const job = { ...wanted, key, isIdempotent: random.chance(0.3) };
    const event = random.weighted({ echo: 10, slow: 10, "fail-late": 2, fail: 1, typo: 1 });
    return [job, { ...request(random), namespace, event, ms: random.between(1, 150) }];
  });
}

function question(random: Random): Saying {
  const namespace = random.pick(["_", "a", "late", "manual"]);
  const event = random.weighted({ echo: 10, slow: 8, fail: 2, "fail-late": 2, mute: 1, typo: 1 });
  const isBad = random.chance(0.04);
  return { ...request(random), namespace, event, ms: random.between(1, 900), isBad };
}

/** Nobody waits for ever: the last of a group may have gone. */
function request(random: Random): Pick<Saying, "wantsAck" | "timeout" | "length" | "abortAfter"> {
  return {
    wantsAck: true,
    timeout: random.pick([30, 300, 1000, 3000]),
    length: random.chance(0.15) ? random.between(1, random.chance(0.2) ? 100_000 : 5000) : 0,
    abortAfter: random.chance(0.1) ? random.between(0, 300) : undefined,
  };
}
