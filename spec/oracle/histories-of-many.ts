// Short histories of jobs for any of a group, and of questions to all.
import type { Fact, Job, Sent } from "./facts.ts";
import { closed, end, failed, handled, killed, late, NOON, replied, sent } from "./histories.ts";

/** One for any of the children. */
function job(key: string, given: Partial<Job> = {}): Sent {
  const job: Job = {
    group: "children",
    concurrency: 1,
    key: undefined,
    isIdempotent: false,
    ...given,
  };
  return sent(key, { to: "any of children", job });
}

/** Two children are asked. */
function asked(question: string, members: readonly string[] = ["json-1", "json-2"]): Fact[] {
  const messages = members.map((to) => sent(`${question}@${to}`, { to }));
  return [...messages, { is: "asked", at: NOON, question, group: "children", members }];
}

function gathered(question: string, members: readonly string[] = ["json-1", "json-2"]): Fact {
  return { is: "gathered", at: NOON + 20, question, members };
}

/** A member has run its listener, and answered. */
function answered(question: string, who: string): Fact[] {
  const key = `${question}@${who}`;
  return [handled(key, who), replied(key)];
}

const ends = [...end, ...killed(late, "json-2"), ...killed(late, "thread-1", "thread")];

/** What may happen. */
export const soundOfMany: [what: string, facts: Fact[]][] = [
  [
    "a job that is done by the second, as the first has died before it ran",
    [
      job("p:1"),
      ...killed(NOON + 5),
      handled("p:1", "json-2"),
      replied("p:1"),
      ...killed(late, "json-2"),
    ],
  ],
  [
    "an idempotent job that runs again elsewhere",
    [
      job("p:1", { isIdempotent: true }),
      handled("p:1"),
      ...killed(NOON + 15),
      handled("p:1", "json-2", NOON + 18),
      replied("p:1"),
      ...killed(late, "json-2"),
    ],
  ],
  [
    "a job that may have run, and one that has found nobody",
    [
      job("p:1"),
      job("p:2"),
      handled("p:1"),
      ...killed(NOON + 15),
      failed("p:1", "ERR_PEER_DIED", "maybe", NOON + 20),
      failed("p:2", "ERR_ACK_TIMEOUT", "no"),
    ],
  ],
  [
    "jobs that overtake each other: without a key, of two keys, and at two places",
    [
      job("p:1"),
      job("p:2"),
      job("p:3", { key: "ada" }),
      job("p:4", { key: "bob" }),
      job("p:5", { key: "ada" }),
      ...["p:2", "p:4", "p:3", "p:1"].flatMap((key) => [handled(key), replied(key)]),
      handled("p:5", "json-2", NOON + 1),
      replied("p:5"),
      ...ends,
    ],
  ],
  [
    "a question to all, one of whom has died over it",
    [
      ...asked("p:1"),
      ...answered("p:1", "json-2"),
      ...killed(NOON + 15),
      failed("p:1@json-1", "ERR_PEER_DIED", "no", NOON + 20),
      gathered("p:1"),
      ...killed(late, "json-2"),
    ],
  ],
  ["a question to nobody", [...asked("p:1", []), gathered("p:1", [])]],
];

/** What must not happen: each history breaks that rule, and no other. */
export const unsoundOfMany: [rule: string, what: string, facts: Fact[]][] = [
  [
    "a handled message was sent, to whom and where it was handled",
    "a job by one who is not of the group",
    [job("p:1"), handled("p:1", "thread-1"), replied("p:1"), ...ends],
  ],
  [
    "a handled message was sent, to whom and where it was handled",
    "a question by one who was not asked",
    [
      ...asked("p:1", ["json-1"]),
      ...answered("p:1", "json-1"),
      handled("p:1@json-2", "json-2"),
      gathered("p:1", ["json-1"]),
      ...ends,
    ],
  ],
  [
    "no message is handled twice",
    "a job, by two",
    [job("p:1"), handled("p:1"), handled("p:1", "json-2"), replied("p:1"), ...ends],
  ],
  [
    "no message is handled twice",
    "an idempotent job, by one",
    [
      job("p:1", { isIdempotent: true }),
      handled("p:1"),
      handled("p:1"),
      handled("p:1", "json-2"),
      replied("p:1"),
      ...ends,
    ],
  ],
  [
    "jobs of one key run in the order of emit where they run at one place",
    "swapped",
    [
      job("p:9", { key: "ada" }),
      job("p:10", { key: "ada" }),
      ...["p:10", "p:9"].flatMap((key) => [handled(key), replied(key)]),
      ...ends,
    ],
  ],
  [
    "a job whose peer was at fault goes elsewhere, if it may run there",
    "a death",
    [job("p:1"), ...killed(NOON + 5), failed("p:1", "ERR_PEER_DIED", "no", NOON + 20)],
  ],
  [
    "a job whose peer was at fault goes elsewhere, if it may run there",
    "a close",
    [job("p:1"), ...closed(NOON + 5), failed("p:1", "ERR_CLOSED", "no", NOON + 20)],
  ],
  [
    "a job whose peer was at fault goes elsewhere, if it may run there",
    "a death over an idempotent one",
    [
      job("p:1", { isIdempotent: true }),
      handled("p:1"),
      ...killed(NOON + 15),
      failed("p:1", "ERR_PEER_DIED", "maybe", NOON + 20),
    ],
  ],
  [
    "executed is true",
    "of a job: no, and it ran",
    [job("p:1"), handled("p:1"), failed("p:1", "ERR_ACK_TIMEOUT", "no"), ...ends],
  ],
  [
    "executed is true",
    "of a question: no, and it ran",
    [
      ...asked("p:1"),
      ...answered("p:1", "json-1"),
      handled("p:1@json-2", "json-2"),
      failed("p:1@json-2", "ERR_ACK_TIMEOUT", "no"),
      gathered("p:1"),
      ...ends,
    ],
  ],
  ["every ack settles, and soon", "a job waits for ever", [job("p:1"), handled("p:1"), ...ends]],
  [
    "every ack settles, and soon",
    "an outcome long after its time",
    [
      ...asked("p:1"),
      ...answered("p:1", "json-1"),
      failed("p:1@json-2", "ERR_ACK_TIMEOUT", "no", NOON + 30_000),
      gathered("p:1"),
      ...ends,
    ],
  ],
  [
    "an error has a reason",
    "a job of a dead, and all are alive",
    [job("p:1"), failed("p:1", "ERR_PEER_DIED", "maybe", NOON + 20), ...ends],
  ],
  [
    "the ack of a settled listener arrives",
    "of a job",
    [
      job("p:1"),
      handled("p:1"),
      ...closed(NOON + 100),
      failed("p:1", "ERR_PEER_DIED", "maybe", NOON + 200),
    ],
  ],
  ...(
    [
      ["one is missing", [gathered("p:1", ["json-1"])]],
      ["one has two", [gathered("p:1", ["json-1", "json-2", "json-2"])]],
      ["swapped", [gathered("p:1", ["json-2", "json-1"])]],
      ["never", []],
      ["twice", [gathered("p:1"), gathered("p:1")]],
    ] as [what: string, facts: Fact[]][]
  ).map(([what, facts]): [string, string, Fact[]] => [
    "all of a group have one outcome each, in the order of members",
    what,
    [
      ...asked("p:1"),
      ...answered("p:1", "json-1"),
      ...answered("p:1", "json-2"),
      ...facts,
      ...ends,
    ],
  ]),
  [
    "all of a group have one outcome each, in the order of members",
    "of one who is not of the group",
    [
      ...asked("p:1", ["thread-1"]),
      ...answered("p:1", "thread-1"),
      gathered("p:1", ["thread-1"]),
      ...ends,
    ],
  ],
];
