import { expect } from "chai";
import { LIMITS } from "../soak/limits.ts";
import { endingsOf, planOf } from "../soak/plan.ts";
import { type Fact, PRIMARY } from "./facts.ts";
import {
  closed,
  end,
  failed,
  finished,
  handled,
  killed,
  late,
  NOON,
  note,
  replied,
  sent,
} from "./histories.ts";
import { soundOfMany, unsoundOfMany } from "./histories-of-many.ts";
import { judge, RULES } from "./rules.ts";

/** What may happen. */
const sound: [what: string, facts: Fact[]][] = [
  ["a reply", [sent("p:1"), handled("p:1"), replied("p:1"), ...end]],
  [
    "a time-out, whether it was handled or not",
    [
      sent("p:1"),
      sent("p:2"),
      handled("p:1"),
      failed("p:1", "ERR_ACK_TIMEOUT", "maybe"),
      failed("p:2", "ERR_ACK_TIMEOUT", "maybe"),
      ...end,
    ],
  ],
  [
    "a death, whether it was handled or not",
    [
      sent("p:1"),
      sent("p:2"),
      handled("p:1"),
      ...killed(NOON + 500),
      failed("p:1", "ERR_PEER_DIED", "maybe"),
      failed("p:2", "ERR_PEER_DIED", "no"),
    ],
  ],
  [
    "a note that its dead receiver has taken along",
    [note("p:1"), note("p:2"), handled("p:1"), ...end],
  ],
  [
    "a sender that died before it could say how its messages ended",
    [
      sent("json-1:1", { from: "json-1", to: PRIMARY }),
      sent("json-1:2", { from: "json-1", to: PRIMARY }),
      handled("json-1:2", PRIMARY),
      ...killed(NOON + 50),
    ],
  ],
  [
    "a message that was refused between two that were handled",
    [
      sent("p:1"),
      note("p:2"),
      sent("p:3"),
      handled("p:1"),
      handled("p:3"),
      replied("p:1"),
      replied("p:3"),
      { is: "reported", at: NOON, key: "p:2", by: PRIMARY, code: "ERR_QUEUE_FULL", executed: "no" },
      ...end,
    ],
  ],
  [
    "a handle that could not be sent",
    [
      sent("p:1", { event: "socket", hasHandle: true }),
      { is: "thrown", at: NOON, key: "p:1", code: "ERR_HANDLE_NOT_READY" },
      { is: "hung-up", at: NOON + 10, key: "p:1", answer: "" },
      ...end,
    ],
  ],
  [
    "an answer that takes long because its listener does",
    [
      sent("p:1", { event: "slow", timeout: null }),
      handled("p:1"),
      { is: "finished", at: NOON + 50_000, key: "p:1" },
      replied("p:1", { key: "p:1", length: 0 }, NOON + 50_001),
      ...end,
    ],
  ],
  [
    "an answer that takes long because its receiver is stopped",
    [
      sent("p:1", { timeout: null }),
      handled("p:1"),
      { is: "paused", at: NOON + 10, who: "json-1", until: late - 100 },
      ...end,
      failed("p:1", "ERR_PEER_DIED", "maybe", late + 100),
    ],
  ],
  [
    "one that ends by itself, what it has emitted, and who comes too late",
    [
      note("thread-1:1", { from: "thread-1", to: PRIMARY }),
      handled("thread-1:1", PRIMARY),
      ...finished(NOON + 100),
      sent("p:1", { to: "thread-1" }),
      failed("p:1", "ERR_UNHANDLED", "no", NOON + 105),
    ],
  ],
  [
    "one that closes, and what it refuses",
    [
      sent("p:1"),
      handled("p:1"),
      sent("p:2"),
      replied("p:1"),
      ...closed(NOON + 30),
      failed("p:2", "ERR_CLOSED", "no", NOON + 40),
    ],
  ],
  ...soundOfMany,
];

/** What must not happen: each history breaks that rule, and no other. */
const unsound: [rule: string, what: string, facts: Fact[]][] = [
  [
    "a handled message was sent, to whom and where it was handled",
    "made up",
    [handled("p:1"), ...end],
  ],
  [
    "a handled message was sent, to whom and where it was handled",
    "in another namespace",
    [note("p:1", { namespace: "_" }), handled("p:1"), ...end],
  ],
  [
    "a handled message was sent, to whom and where it was handled",
    "by somebody else",
    [note("p:1"), handled("p:1", PRIMARY), ...end],
  ],
  [
    "no message is handled twice",
    "twice",
    [sent("p:1"), handled("p:1"), handled("p:1"), replied("p:1"), ...end],
  ],
  [
    "messages are handled in the order of emit",
    "swapped",
    [note("p:1"), note("p:2"), handled("p:2"), handled("p:1"), ...end],
  ],
  [
    "what comes before a handled message was handled, or failed with executed no",
    "a gap",
    [note("p:1"), note("p:2"), handled("p:2"), ...end],
  ],
  [
    "what comes before a handled message was handled, or failed with executed no",
    "overtaken, maybe",
    [sent("p:1"), note("p:2"), handled("p:2"), failed("p:1", "ERR_ACK_TIMEOUT", "maybe"), ...end],
  ],
  [
    "an ack settles once",
    "twice",
    [sent("p:1"), handled("p:1"), replied("p:1"), replied("p:1"), ...end],
  ],
  [
    "an ack settles once",
    "reported",
    [
      sent("p:1"),
      { is: "reported", at: NOON, key: "p:1", by: PRIMARY, code: "ERR_QUEUE_FULL", executed: "no" },
      failed("p:1", "ERR_QUEUE_FULL", "no", NOON),
      ...end,
    ],
  ],
  [
    "an ack settles once",
    "unasked",
    [
      note("p:1"),
      handled("p:1"),
      { is: "settled", at: NOON, key: "p:1", outcome: { reply: undefined } },
      ...end,
    ],
  ],
  ["every ack settles, and soon", "never", [sent("p:1"), handled("p:1"), ...end]],
  [
    "every ack settles, and soon",
    "long after its time",
    [sent("p:1"), failed("p:1", "ERR_ACK_TIMEOUT", "no", NOON + 30_000), ...end],
  ],
  [
    "every ack settles, and soon",
    "long after the death",
    [
      sent("p:1", { timeout: null }),
      ...killed(NOON + 100),
      failed("p:1", "ERR_PEER_DIED", "no", NOON + 30_000),
    ],
  ],
  [
    "an ack does not time out before its time",
    "too soon",
    [sent("p:1"), failed("p:1", "ERR_ACK_TIMEOUT", "no", NOON + 900), ...end],
  ],
  [
    "executed is true",
    "no, and it ran",
    [sent("p:1"), handled("p:1"), failed("p:1", "ERR_ACK_TIMEOUT", "no"), ...end],
  ],
  [
    "executed is true",
    "yes, and it did not",
    [sent("p:1", { event: "fail" }), failed("p:1", "ERR_REMOTE", "yes"), ...end],
  ],
  [
    "executed is true",
    "reported no, and it ran",
    [
      note("p:1"),
      handled("p:1"),
      { is: "reported", at: NOON, key: "p:1", by: PRIMARY, code: "ERR_QUEUE_FULL", executed: "no" },
      ...end,
    ],
  ],
  [
    "a reply is that of the listener, which has run",
    "a reply of nobody",
    [sent("p:1"), replied("p:1"), ...end],
  ],
  [
    "a reply is that of the listener, which has run",
    "the reply to another",
    [sent("p:1"), handled("p:1"), replied("p:1", { key: "p:2", length: 0 }), ...end],
  ],
  [
    "an error has a reason",
    "cancelled by nobody",
    [sent("p:1"), failed("p:1", "ERR_CANCELLED", "no", NOON + 20), ...end],
  ],
  [
    "an error has a reason",
    "dead, and alive",
    [sent("p:1"), failed("p:1", "ERR_PEER_DIED", "no", NOON + 20), ...end],
  ],
  [
    "the ack of a settled listener arrives",
    "dropped",
    [
      sent("p:1", { timeout: 10_000 }),
      handled("p:1"),
      failed("p:1", "ERR_ACK_TIMEOUT", "maybe", NOON + 10_010),
      ...end,
    ],
  ],
  [
    "the ack of a settled listener arrives",
    "dropped by one that closes",
    [
      sent("p:1"),
      handled("p:1"),
      ...closed(NOON + 100),
      failed("p:1", "ERR_PEER_DIED", "maybe", NOON + 200),
    ],
  ],
  [
    "nothing is lost without a word",
    "a note to one that closes",
    [note("p:1"), ...closed(NOON + 100)],
  ],
  [
    "what was emitted before an end by itself arrives",
    "a note of a thread",
    [note("thread-1:1", { from: "thread-1", to: PRIMARY }), ...finished(NOON + 100)],
  ],
  [
    "a handed over connection is answered or closed",
    "hanging",
    [sent("p:1", { event: "socket", hasHandle: true }), handled("p:1"), replied("p:1"), ...end],
  ],
  [
    "a handed over connection is answered or closed",
    "answered by nobody",
    [
      sent("p:1", { event: "socket", hasHandle: true }),
      { is: "hung-up", at: NOON, key: "p:1", answer: "json-1 has p:1" },
      failed("p:1", "ERR_HANDLE_LOST", "no", NOON + 20),
      ...end,
    ],
  ],
  [
    "participants end as they are told, and by themselves after close",
    "an end of its own",
    [
      { is: "born", at: NOON, who: "json-1", kind: "json" },
      { is: "ended", at: NOON, who: "json-1", code: 0, signal: null },
    ],
  ],
  [
    "participants end as they are told, and by themselves after close",
    "a crash",
    [{ is: "crashed", at: NOON, who: PRIMARY, text: "an uncaught error" }],
  ],
  [
    "participants end as they are told, and by themselves after close",
    "not finished",
    [
      { is: "born", at: NOON, who: "json-1", kind: "json" },
      { is: "told", at: NOON, who: "json-1", what: "finish" },
      ...end,
    ],
  ],
  [
    "participants end as they are told, and by themselves after close",
    "still there",
    [
      { is: "born", at: NOON, who: "json-1", kind: "json" },
      { is: "told", at: NOON, who: "json-1", what: "close" },
      { is: "closed", at: NOON, who: "json-1", took: 1 },
      ...end,
    ],
  ],
  ...unsoundOfMany,
];

describe("the oracle of the model and the soak", () => {
  for (const [what, facts] of sound) {
    it(`has nothing to say to ${what}`, () => {
      expect(judge(facts, LIMITS)).to.deep.equal([]);
    });
  }

  for (const [rule, what, facts] of unsound) {
    it(`knows that "${rule}" does not hold: ${what}`, () => {
      expect(judge(facts, LIMITS).map((violation) => violation.rule)).to.deep.equal([rule]);
    });
  }

  it("has no rule that cannot be broken", () => {
    expect([...new Set(unsound.map(([rule]) => rule))]).to.have.members([...RULES]);
  });
});

describe("the plan of the soak", () => {
  it("is the same for the same seed and round, and another for others", () => {
    expect(planOf(7, 2)).to.deep.equal(planOf(7, 2));
    expect(planOf(7, 2)).to.not.deep.equal(planOf(7, 3));
    expect(planOf(8, 2)).to.not.deep.equal(planOf(7, 2));
    expect(endingsOf(7, 2)).to.deep.equal(endingsOf(7, 2));
  });
});
