// What the oracle is told in its spec: short histories, put together of these.
import { type Fact, type Outcome, PRIMARY, type Sent } from "./facts.ts";

type Failed = Extract<Outcome, { code: unknown }>;

/** Where the clock of these histories begins. */
export const NOON = 1_000_000;

export function sent(key: string, given: Partial<Sent> = {}): Sent {
  return {
    is: "sent",
    at: NOON,
    key,
    from: PRIMARY,
    to: "json-1",
    namespace: "a",
    event: "echo",
    wantsAck: true,
    timeout: 1000,
    length: 0,
    aborts: false,
    inherits: false,
    hasHandle: false,
    isBad: false,
    isObstructed: false,
    ...given,
  };
}

export function handled(key: string, by = "json-1", at: number = NOON + 10): Fact {
  return { is: "handled", at, key, by, namespace: "a" };
}

export function replied(
  key: string,
  reply: unknown = { key, length: 0 },
  at: number = NOON + 20,
): Fact {
  return { is: "settled", at, key, outcome: { reply } };
}

export function failed(
  key: string,
  code: Failed["code"],
  executed: Failed["executed"],
  at: number = NOON + 1010,
): Fact {
  return { is: "settled", at, key, outcome: { code, executed, text: "" } };
}

/** A participant that was killed at that time. */
export function killed(at: number, who = "json-1", kind = "json"): Fact[] {
  return [
    { is: "born", at: NOON, who, kind },
    { is: "told", at, who, what: "kill" },
    { is: "ended", at, who, code: null, signal: "SIGKILL" },
  ];
}

/** One that has closed, and ended by itself. */
export function closed(at: number, who = "json-1"): Fact[] {
  return [
    { is: "born", at: NOON, who, kind: "json" },
    { is: "told", at, who, what: "close" },
    { is: "closed", at, who, took: 100 },
    { is: "idle", at, who },
    { is: "ended", at, who, code: 0, signal: null },
  ];
}

/** One that had nothing to do any more. */
export function finished(at: number, who = "thread-1"): Fact[] {
  return [
    { is: "born", at: NOON, who, kind: "thread" },
    { is: "told", at, who, what: "finish" },
    { is: "idle", at, who },
    { is: "ended", at: at + 10, who, code: 0, signal: null },
  ];
}

/** Long after everything. */
export const late: number = NOON + 60_000;
export const end: Fact[] = killed(late);

export function note(key: string, given: Partial<Sent> = {}): Sent {
  return sent(key, { event: "note", wantsAck: false, ...given });
}
