import type { ErrorCode, Executed } from "../../lib/index.ts";

/** The name of the process that sees everything to its end, among those of its participants. */
export const PRIMARY = "primary";

/** What is talked to as a group. */
export type Group = "workers" | "children" | "threads" | "processes" | "remotes";

/** The kinds of participants that belong to each. */
export const GROUPS: Readonly<Record<Group, readonly string[]>> = {
  workers: ["worker"],
  children: ["json", "advanced"],
  threads: ["thread"],
  processes: ["worker", "json", "advanced"],
  remotes: ["remote"],
};

/** For any one of a group, not for somebody definite. */
export interface Job {
  readonly group: Group;
  readonly concurrency: number;
  /** Those that have the same one run in the order of emit where they run at one place. */
  readonly key: string | undefined;
  readonly isIdempotent: boolean;
}

/** What `ackd()` came to. */
export type Outcome =
  | { readonly reply: unknown }
  | { readonly code: ErrorCode; readonly executed: Executed; readonly text: string };

/** A message is about to be emitted. */
export interface Sent {
  readonly is: "sent";
  /** ms, as all times here: by the clock that all processes share. */
  readonly at: number;
  /** Its sender's name and number; numbers rise in the order of emit. */
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly namespace: string;
  readonly event: string;
  readonly wantsAck: boolean;
  /** ms; `null` is for ever. */
  readonly timeout: number | null;
  /** The length of the text that goes with it, which the reply repeats. */
  readonly length: number;
  /** Its signal aborts some time. */
  readonly aborts: boolean;
  /** Emitted by a listener, whose deadline and signal count for it too. */
  readonly inherits: boolean;
  readonly hasHandle: boolean;
  /** No channel can encode it. */
  readonly isBad: boolean;
  /** A middleware stands in its way, or in that of its ack. */
  readonly isObstructed: boolean;
  /** It is for whoever of a group is free; nobody knows before who that is. */
  readonly job?: Job | undefined;
}

/** Something that somebody saw, in the order in which it saw it. */
export type Fact =
  | Sent
  /** A listener has started; written down before it does anything else. */
  | {
      readonly is: "handled";
      readonly at: number;
      readonly key: string;
      readonly by: string;
      readonly namespace: string;
    }
  /** A listener that took its time has settled. */
  | { readonly is: "finished"; readonly at: number; readonly key: string }
  | {
      readonly is: "settled";
      readonly at: number;
      readonly key: string;
      readonly outcome: Outcome;
    }
  /** All of a group are about to be asked; the message to each of the members has been `sent` under a key of its own. */
  | {
      readonly is: "asked";
      readonly at: number;
      readonly question: string;
      readonly group: Group;
      readonly members: readonly string[];
    }
  /** The question has come to these outcomes, in this order. */
  | {
      readonly is: "gathered";
      readonly at: number;
      readonly question: string;
      readonly members: readonly string[];
    }
  /** `emit` has thrown. */
  | { readonly is: "thrown"; readonly at: number; readonly key: string; readonly code: string }
  /** Told by `lifecycle` of one of the two sides, as nobody wanted an ack. */
  | {
      readonly is: "reported";
      readonly at: number;
      readonly key: string;
      readonly by: string;
      readonly code: ErrorCode;
      readonly executed: Executed;
    }
  /** The client of a handed over connection saw it closed, with that answer or none. */
  | { readonly is: "hung-up"; readonly at: number; readonly key: string; readonly answer: string }
  /** Its event loop stood still. */
  | {
      readonly is: "paused";
      readonly at: number;
      readonly who: string;
      readonly until: number;
    }
  | { readonly is: "born"; readonly at: number; readonly who: string; readonly kind: string }
  /** What was done to it, or it was told to do. */
  | { readonly is: "told"; readonly at: number; readonly who: string; readonly what: Ending }
  /** Its `close()` has resolved. */
  | { readonly is: "closed"; readonly at: number; readonly who: string; readonly took: number }
  /** It has nothing to do any more and exits by itself. */
  | { readonly is: "idle"; readonly at: number; readonly who: string }
  /** It ran into something that should not happen. */
  | { readonly is: "crashed"; readonly at: number; readonly who: string; readonly text: string }
  | {
      readonly is: "ended";
      readonly at: number;
      readonly who: string;
      readonly code: number | null;
      readonly signal: string | null;
    };

/**
 * Ways to end a participant: from outside by `kill` and `disconnect`, from inside by the others. With `finish` it lets go of
 * its listeners, and ends by itself when it has nothing to do any more.
 */
export type Ending = "kill" | "disconnect" | "exit" | "leave" | "close" | "finish";

/** Keeps a fact; where its process may be killed, before it returns. */
export type Recorder = (fact: Fact) => void;

/** The code with which a participant exits in the middle of a listener. */
export const EXIT_CODE = 7;
/** The code with which it exits when something went wrong in it. */
export const CRASH_CODE = 99;
