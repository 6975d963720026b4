import type { Bounds } from "./bounds.ts";
import { CRASH_CODE, type Ending, EXIT_CODE, type Fact, PRIMARY } from "./facts.ts";

/** All that is known of one participant, or of the primary. */
export class Life {
  readonly name: string;
  readonly #bounds: Bounds;
  kind = "";
  readonly told: { readonly what: Ending; readonly at: number }[] = [];
  readonly pauses: { readonly at: number; readonly until: number }[] = [];
  readonly closed: { readonly took: number; readonly at: number }[] = [];
  /** It had nothing more to do, and said so. */
  isIdle = false;
  crash = "";
  ended:
    | { readonly code: number | null; readonly signal: string | null; readonly at: number }
    | undefined = undefined;

  constructor(name: string, bounds: Bounds) {
    this.name = name;
    this.#bounds = bounds;
  }

  wasTold(what: Ending | "anything", before: number = Infinity): boolean {
    return this.told.some(
      (each) => (what === "anything" || each.what === what) && each.at <= before,
    );
  }

  /** It may have gone without having seen how its messages ended. */
  get mayForget(): boolean {
    return this.name !== PRIMARY && !this.isIdle;
  }

  /** It has closed within its time, and nothing was done to it meanwhile. */
  get hasClosedWell(): boolean {
    const { told, closed } = this;
    const isAlone = told.length > 0 && told.every(({ what }) => what === "close");
    return isAlone && closed.length === told.length && !this.hasGivenUp;
  }

  /** It had nothing to do any more, and nothing was done to it meanwhile. */
  get hasFinished(): boolean {
    const isAlone = this.told.length > 0 && this.told.every(({ what }) => what === "finish");
    return isAlone && this.ended?.code === 0;
  }

  /** It waited so long in `close()` that it may have left something behind. */
  get hasGivenUp(): boolean {
    return this.closed.some(({ took }) => took >= this.#bounds.close / 2);
  }

  /** When, at the latest, its peers could see that it was gone. */
  get lostAt(): number | undefined {
    return this.ended?.at;
  }

  /** ms in which its event loop stood still. Pauses may overlap: told from outside, and felt inside. */
  pausedBetween(from: number, to: number): number {
    let paused = 0;
    let seen = from;
    for (const { at, until } of this.pauses.toSorted((a, b) => a.at - b.at)) {
      const end = Math.min(to, until);
      paused += Math.max(0, end - Math.max(seen, at));
      seen = Math.max(seen, end);
    }
    return paused;
  }

  /** What is wrong with how it ended, if anything. */
  get unexpectedEnd(): string {
    if (this.name === PRIMARY) return "";
    const { ended } = this;
    if (!ended) return "it has not ended";
    const how = ended.signal ?? `code ${ended.code}`;
    const isKilled = this.wasTold("kill");
    if (isKilled && (ended.signal === "SIGKILL" || ended.code === 1)) return this.#missingEnd;
    if (ended.code === EXIT_CODE) {
      const isTold = this.wasTold("exit") || (this.kind === "thread" && this.wasTold("leave"));
      return isTold ? "" : `it ended with ${how} out of the blue`;
    }
    if (ended.code === CRASH_CODE) return "it crashed";
    if (ended.code === 0 && this.wasTold("anything")) return "";
    return `it ended with ${how} out of the blue`;
  }

  /** It had to be killed, as it did not end after it had closed, or had nothing to do any more. */
  get #missingEnd(): string {
    if (this.isIdle || this.kind === "worker") return "";
    const [first] = this.told;
    const { soon, close } = this.#bounds;
    if (first?.what === "finish") return this.#overdue(first.at, soon + close, "was to finish");
    const last = this.closed.at(-1);
    return last ? this.#overdue(last.at, soon, "had closed") : "";
  }

  #overdue(since: number, most: number, what: string): string {
    const { ended } = this;
    if (!ended) return "";
    const free = ended.at - since - this.pausedBetween(since, ended.at);
    return free > most ? `it was still there ${free} ms after it ${what}` : "";
  }
}

/** The lives that the facts tell of, by name. */
export function lives(facts: Iterable<Fact>, bounds: Bounds): Map<string, Life> {
  const all = new Map<string, Life>([[PRIMARY, new Life(PRIMARY, bounds)]]);
  for (const fact of facts) {
    if (!("who" in fact)) continue;
    const life = all.get(fact.who) ?? new Life(fact.who, bounds);
    all.set(fact.who, life);
    if (fact.is === "born") life.kind = fact.kind;
    else if (fact.is === "told") life.told.push(fact);
    else if (fact.is === "paused") life.pauses.push(fact);
    else if (fact.is === "closed") life.closed.push(fact);
    else if (fact.is === "idle") life.isIdle = true;
    else if (fact.is === "crashed") life.crash ||= fact.text;
    else life.ended ??= fact;
  }
  return all;
}
