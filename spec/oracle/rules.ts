import type { Bounds } from "./bounds.ts";
import { type Fact, PRIMARY, type Sent } from "./facts.ts";
import {
  failureOf,
  failuresOf,
  type History,
  historyOf,
  isMember,
  lineOfJobs,
  receiversOf,
  type Story,
} from "./history.ts";

/** A guarantee that was not kept, for a message or a participant. */
export interface Violation {
  readonly rule: string;
  readonly about: string;
  readonly text: string;
}

type Rule = (history: History) => Iterable<[about: string, text: string]>;

/** Each says what it found wrong. */
const rules: Record<string, Rule> = {
  "a handled message was sent, to whom and where it was handled": perStory((story, history) => {
    const { sent, handled } = story;
    if (!sent) return "nobody has sent it";
    if (handled.length === 0) return undefined;
    const receivers = receiversOf(sent, history);
    const wrong = handled.find(
      ({ by, namespace }) => !receivers.includes(by) || namespace !== sent.namespace,
    );
    if (wrong) return `it was for ${sent.to} in ${sent.namespace}`;
    if (sent.event === "typo") return "no listener has its name";
    return undefined;
  }),

  "no message is handled twice": perStory(({ sent, handled }) => {
    // What may be repeated is, but by somebody else.
    const most = sent?.job?.isIdempotent ? new Set(handled.map(({ by }) => by)).size : 1;
    return handled.length > most ? `it was handled ${handled.length} times` : undefined;
  }),

  "messages are handled in the order of emit": function* ({ lines, order }) {
    const place = new Map<string, number>();
    for (const keys of order.values()) for (const [i, key] of keys.entries()) place.set(key, i);
    for (const line of lines.values()) {
      let last: Story | undefined;
      for (const story of line.filter(({ handled }) => handled.length > 0)) {
        if (last && (place.get(story.key) ?? 0) < (place.get(last.key) ?? 0)) {
          yield [story.key, `it was handled before ${last.key}`];
        }
        last = story;
      }
    }
  },

  "jobs of one key run in the order of emit where they run at one place": function* ({
    stories,
    order,
  }) {
    for (const keys of order.values()) {
      const last = new Map<string, Story>();
      for (const story of keys.flatMap((key) => stories.get(key) ?? [])) {
        const line = lineOfJobs(story);
        if (line === undefined) continue;
        const before = last.get(line);
        if (before && numberOf(before) > numberOf(story)) {
          yield [story.key, `${before.key} of its key was handled before it`];
        }
        last.set(line, story);
      }
    }
  },

  "a job whose peer was at fault goes elsewhere, if it may run there": perStory((story) => {
    const { job } = story.sent ?? {};
    if (!job) return undefined;
    const wrong = failuresOf(story).find(
      ({ code, executed }) =>
        (executed === "no" || job.isIdempotent) &&
        (code === "ERR_PEER_DIED" || code === "ERR_CLOSED"),
    );
    return wrong && `it ended with ${wrong.code}, executed ${wrong.executed}`;
  }),

  "all of a group have one outcome each, in the order of members": function* ({
    gatherings,
    lives: all,
  }) {
    for (const [question, { asked, gathered }] of gatherings) {
      const members = asked?.members ?? [];
      const stranger = members.find((name) => asked && !isMember(all.get(name)?.kind, asked.group));
      const outcomes = gathered.map((each) => each.members.join(", "));
      if (stranger) yield [question, `${stranger} is none of ${asked?.group}`];
      else if (outcomes.length !== 1) yield [question, `it has ended ${outcomes.length} times`];
      else if (outcomes[0] !== members.join(", "))
        yield [question, `it was for ${members.join(", ")}; the outcomes are of ${outcomes[0]}`];
    }
  },

  "what comes before a handled message was handled, or failed with executed no": function* (
    history,
  ) {
    for (const line of history.lines.values()) {
      const last = line.findLastIndex(({ handled }) => handled.length > 0);
      for (const story of line.slice(0, Math.max(0, last))) {
        if (isLost(story, history)) yield [story.key, `${line[last]?.key} was handled`];
      }
    }
  },

  "an ack settles once": perStory(({ sent, settled, reported }) => {
    if (settled.length > 1) return `it settled ${settled.length} times`;
    if (sent?.wantsAck && reported.length > 0) return "it was reported to others than who waits";
    if (settled.length > 0 && !sent?.wantsAck) return "nobody wanted it";
    return undefined;
  }),

  "every ack settles, and soon": perStory((story, history) => {
    const { sent, settled, thrown } = story;
    if (!sent?.wantsAck || thrown) return undefined;
    const sender = history.lives.get(sent.from);
    const [first] = settled;
    if (!first) {
      return sender && !sender.mayForget ? "it has not settled" : undefined;
    }
    const latest = latestSettlement(sent, history);
    const late = first.at - latest;
    return late > 0 ? `it settled ${late} ms later than it may` : undefined;
  }),

  "an ack does not time out before its time": perStory(({ sent, settled }, { bounds }) => {
    const outcome = failureOf(settled[0]?.outcome);
    if (!sent || outcome?.code !== "ERR_ACK_TIMEOUT" || sent.inherits) return undefined;
    const took = (settled[0]?.at ?? 0) - sent.at;
    if (sent.timeout === null) return `it timed out after ${took} ms, and was to wait for ever`;
    return took < sent.timeout - bounds.early
      ? `it timed out after ${took} of ${sent.timeout} ms`
      : undefined;
  }),

  "executed is true": perStory((story) => {
    const { handled } = story;
    for (const { executed, code } of failuresOf(story)) {
      if (executed === "no" && handled.length > 0) return `${code} says no, and it was handled`;
      if (executed === "yes" && handled.length === 0)
        return `${code} says yes, and it was not handled`;
    }
    return undefined;
  }),

  "a reply is that of the listener, which has run": perStory(({ sent, settled, handled }) => {
    const outcome = settled[0]?.outcome;
    if (!sent || !outcome || !("reply" in outcome)) return undefined;
    if (handled.length === 0) return "it has a reply, and was not handled";
    if (sent.isBad) return "it has a reply, and cannot be encoded";
    if (SILENT.has(sent.event)) {
      return outcome.reply === undefined ? undefined : "its listener returns nothing";
    }
    const { key, length } = (outcome.reply ?? {}) as { key?: unknown; length?: unknown };
    const isRight = REPLYING.has(sent.event) && key === sent.key && length === sent.length;
    return isRight ? undefined : `the reply is ${JSON.stringify(outcome.reply)}`;
  }),

  "an error has a reason": perStory((story, history) => {
    const { sent } = story;
    if (!sent) return undefined;
    const wrong = failuresOf(story).find(({ code, executed, at }) => {
      const reason = REASONS[code];
      return !reason?.(sent, history, executed, at);
    });
    return wrong && `${wrong.code}, executed ${wrong.executed}, came out of the blue`;
  }),

  "the ack of a settled listener arrives": perStory((story, history) => {
    const { sent, handled, settled } = story;
    const outcome = failureOf(settled[0]?.outcome);
    const answered = story.finished ?? handled[0];
    if (!sent || !answered || outcome?.executed !== "maybe") return undefined;
    if (!story.finished && SLOW.has(sent.event)) return undefined;
    // It may have run for an answer that nobody can give any more.
    if (sent.job?.isIdempotent) return undefined;
    const receiver = handled[0]?.by ?? sent.to;
    const isLate = outcome.code === "ERR_ACK_TIMEOUT" || outcome.code === "ERR_CANCELLED";
    const hasGivenUp = history.lives.get(sent.from)?.hasGivenUp;
    if (history.lives.get(receiver)?.hasClosedWell && !isLate && !hasGivenUp) {
      return `${receiver} has closed well, and its answer is missing`;
    }
    const free = freeTime(answered.at, settled[0]?.at ?? 0, history, sent.from, receiver);
    return free > history.bounds.ack
      ? `it was answered, and ${free} ms later the answer was not there`
      : undefined;
  }),

  "nothing is lost without a word": perStory((story, history) => {
    const { sent } = story;
    if (!sent || sent.wantsAck) return undefined;
    // To one that has closed well, from one that is there to tell it.
    const sender = history.lives.get(sent.from);
    const receiver = history.lives.get(sent.to);
    if (!receiver?.hasClosedWell || !sender || sender.mayForget) return undefined;
    return isLost(story, history) ? "it was neither handled nor reported" : undefined;
  }),

  "what was emitted before an end by itself arrives": perStory((story, history) => {
    const { sent } = story;
    // Who waits for an answer may have lost patience.
    if (!sent || sent.wantsAck || sent.to !== PRIMARY) return undefined;
    if (!history.lives.get(sent.from)?.hasFinished) return undefined;
    return isLost(story, history) ? "it was neither handled nor reported" : undefined;
  }),

  "a handed over connection is answered or closed": perStory((story, history) => {
    const { sent, hungUp, handled } = story;
    if (!sent?.hasHandle) return undefined;
    // The client lives with the sender.
    if (!hungUp && history.lives.get(sent.from)?.mayForget) return undefined;
    if (!hungUp) return "its client was left hanging";
    if (hungUp.answer === "") return undefined;
    const isRight = handled.length === 1 && hungUp.answer === `${sent.to} has ${sent.key}`;
    return isRight ? undefined : `its client got "${hungUp.answer}"`;
  }),

  "participants end as they are told, and by themselves after close": function* ({ lives: all }) {
    for (const { name, crash, unexpectedEnd } of all.values()) {
      if (crash) yield [name, crash];
      else if (unexpectedEnd) yield [name, unexpectedEnd];
    }
  },
};

/** The names of all that is checked. */
export const RULES: readonly string[] = Object.keys(rules);

/** Listeners that reply with the key and the length of the text. */
const REPLYING = new Set(["echo", "slow", "block", "ask", "socket"]);
/** Listeners that return nothing. */
const SILENT = new Set(["note", "leave", "close", "finish"]);
/** Listeners that say when they have finished. */
const SLOW = new Set(["slow", "fail-late", "ask", "block"]);

/** Whether a code may come for a message. */
const REASONS: Record<
  string,
  (sent: Sent, history: History, executed: string, at: number) => boolean
> = {
  ERR_ACK_TIMEOUT: () => true,
  ERR_CANCELLED: (sent) => sent.aborts || sent.inherits,
  ERR_CLOSED: (sent, history, executed, at) =>
    [sent.from, ...receiversOf(sent, history)].some((name) => {
      const life = history.lives.get(name);
      const isSure = executed === "no" || (executed === "maybe" && life?.hasGivenUp);
      return isSure && life?.wasTold("close", at);
    }),
  ERR_HANDLE_LOST: (sent) => sent.hasHandle,
  ERR_NOT_SERIALIZABLE: (sent, _, executed) =>
    executed === "yes" ? sent.event === "mute" : sent.isBad,
  ERR_PEER_DIED: (sent, history, _, at) =>
    [sent.from, ...receiversOf(sent, history)].some((name) =>
      history.lives.get(name)?.wasTold("anything", at),
    ),
  ERR_QUEUE_FULL: () => true,
  ERR_REFUSED: (sent) => sent.isObstructed,
  ERR_REMOTE: (sent, _, executed) => executed === "yes" && sent.event.startsWith("fail"),
  // An idempotent job may have run before, where it cannot be asked any more.
  ERR_UNHANDLED: (sent, history, executed, at) =>
    (executed === "no" || sent.job?.isIdempotent === true) &&
    (sent.event === "typo" ||
      receiversOf(sent, history).some((name) => history.lives.get(name)?.wasTold("finish", at))),
};

/** Looks for guarantees that were not kept. The facts of each witness must be in their order. */
export function judge(facts: Iterable<Fact>, bounds: Bounds): Violation[] {
  const history = historyOf(facts, bounds);
  return Object.entries(rules).flatMap(([rule, check]) =>
    Array.from(check(history), ([about, text]) => ({ rule, about, text })),
  );
}

/** A rule about single messages. */
function perStory(check: (story: Story, history: History) => string | undefined): Rule {
  return function* (history) {
    for (const story of history.stories.values()) {
      const text = check(story, history);
      if (text) yield [story.key, text];
    }
  };
}

/** Its place in the order of emit. */
function numberOf({ key }: Story): number {
  return Number(key.slice(key.lastIndexOf(":") + 1));
}

/** Whether a message is gone, and nobody was told. */
function isLost(story: Story, { lives: all }: History): boolean {
  const { sent, handled, thrown } = story;
  if (!sent || handled.length > 0 || thrown) return false;
  // Its refusal goes to whoever waits for the ack, who may have lost patience.
  const isRefused = sent.event === "typo" || sent.isObstructed;
  if (isRefused && sent.wantsAck) return false;
  const failures = failuresOf(story);
  if (failures.some(({ executed }) => executed === "no")) return false;
  // Of a handle that is under way it is learned later that it got lost, and with it the message.
  if (sent.hasHandle && failures.length > 0) return false;
  const isSenderSilent = failures.length === 0 && all.get(sent.from)?.mayForget;
  return !isSenderSilent;
}

function latestSettlement(sent: Sent, { lives: all, bounds }: History): number {
  const receiver = all.get(sent.to);
  const sender = all.get(sent.from);
  const limit = sent.timeout === null ? Infinity : sent.at + sent.timeout * 4;
  const end = Math.max(sent.at, Math.min(receiver?.lostAt ?? Infinity, sender?.lostAt ?? Infinity));
  const due = Math.min(limit, end);
  const paused = sender?.pausedBetween(sent.at, due + bounds.soon) ?? 0;
  return due + bounds.soon + paused;
}

/** ms in which neither of the two stood still. */
function freeTime(from: number, to: number, { lives: all }: History, ...names: string[]): number {
  const paused = names.reduce(
    (sum, name) => sum + (all.get(name)?.pausedBetween(from, to) ?? 0),
    0,
  );
  return to - from - paused;
}
