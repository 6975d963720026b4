import type { Bounds } from "./bounds.ts";
import { type Fact, GROUPS, type Group, type Outcome, type Sent } from "./facts.ts";
import { type Life, lives } from "./lives.ts";

type Of<Kind extends Fact["is"]> = Extract<Fact, { is: Kind }>;

/** All that is known of one message. */
export interface Story {
  readonly key: string;
  sent?: Sent;
  readonly handled: Of<"handled">[];
  finished?: Of<"finished">;
  readonly settled: Of<"settled">[];
  readonly reported: Of<"reported">[];
  thrown?: Of<"thrown">;
  hungUp?: Of<"hung-up">;
}

/** All that is known of what all of a group were asked. */
export interface Gathering {
  asked?: Of<"asked">;
  readonly gathered: Of<"gathered">[];
}

/** What the rules look at. */
export interface History {
  readonly bounds: Bounds;
  readonly stories: Map<string, Story>;
  readonly gatherings: Map<string, Gathering>;
  readonly lives: Map<string, Life>;
  /** The messages of each sender to each definite receiver in each namespace, in the order of emit. */
  readonly lines: Map<string, Story[]>;
  /** The keys that each receiver handled, in the order in which it did. */
  readonly order: Map<string, string[]>;
}

/** An error, as a receipt or `lifecycle` told it. */
export interface Failure {
  readonly code: string;
  readonly executed: string;
  readonly at: number;
}

export function failureOf(outcome: Outcome | undefined): Omit<Failure, "at"> | undefined {
  return outcome && "code" in outcome ? outcome : undefined;
}

/** Whether such a participant belongs to the group. */
export function isMember(kind: string | undefined, group: Group): boolean {
  return GROUPS[group].some((each) => each === kind);
}

/** Who a message may have gone to: of a job, all who belong to its group. */
export function receiversOf({ to, job }: Sent, { lives: all }: History): string[] {
  if (!job) return [to];
  const members = [...all.values()].filter(({ kind }) => isMember(kind, job.group));
  return members.map(({ name }) => name);
}

/** What the jobs have in common that must not overtake each other; nothing if it is none of them. */
export function lineOfJobs({ sent }: Story): string | undefined {
  if (sent?.job?.key === undefined) return undefined;
  const { group, concurrency, key } = sent.job;
  return `${sent.from} ${sent.namespace} ${group} ${concurrency} ${key}`;
}

/** All errors that a message ended with. */
export function failuresOf({ settled, reported }: Story): Failure[] {
  const rejected = settled.flatMap(({ outcome, at }) => {
    const failure = failureOf(outcome);
    return failure ? [{ ...failure, at }] : [];
  });
  return [...rejected, ...reported];
}

/** Puts together what belongs together. */
export function historyOf(facts: Iterable<Fact>, bounds: Bounds): History {
  const all = [...facts];
  const stories = new Map<string, Story>();
  const gatherings = new Map<string, Gathering>();
  const lines = new Map<string, Story[]>();
  const order = new Map<string, string[]>();
  for (const fact of all) {
    if ("question" in fact) {
      const gathering = entryOf(gatherings, fact.question, newGathering);
      if (fact.is === "asked") gathering.asked = fact;
      else gathering.gathered.push(fact);
    }
    if (!("key" in fact)) continue;
    const story = entryOf(stories, fact.key, () => newStory(fact.key));
    tell(story, fact);
    if (fact.is === "handled") entryOf(order, fact.by, () => []).push(fact.key);
    if (fact.is === "sent" && !fact.job) {
      const line = `${fact.from} ${fact.to} ${fact.namespace}`;
      entryOf(lines, line, () => []).push(story);
    }
  }
  return { bounds, stories, gatherings, lives: lives(all, bounds), lines, order };
}

function newStory(key: string): Story {
  return { key, handled: [], settled: [], reported: [] };
}

function newGathering(): Gathering {
  return { gathered: [] };
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = make();
  map.set(key, value);
  return value;
}

function tell(story: Story, fact: Extract<Fact, { key: string }>): void {
  if (fact.is === "sent") story.sent = fact;
  else if (fact.is === "finished") story.finished = fact;
  else if (fact.is === "thrown") story.thrown = fact;
  else if (fact.is === "hung-up") story.hungUp = fact;
  else if (fact.is === "handled") story.handled.push(fact);
  else if (fact.is === "settled") story.settled.push(fact);
  else story.reported.push(fact);
}
