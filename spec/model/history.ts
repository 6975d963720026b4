/** What was seen of one message. */
export interface Entry {
  readonly number: number;
  /** Messages of one lane have to be handled in the order of their numbers. */
  readonly lane: string;
  readonly wantsAck: boolean;
  /** Codes with which it may fail, as it was made. */
  readonly mayFailWith: ReadonlySet<string>;
  /** What its listener has answered. */
  reply: unknown;
  handled: number;
  readonly outcomes: Outcome[];
  /** Reports on `lifecycle`, of either side. */
  readonly reports: Outcome[];
}

/** How a message ended, as its sender was told. */
export interface Outcome {
  readonly code: string | undefined;
  readonly executed: string | undefined;
  readonly reply?: unknown;
  readonly text: string;
}

/** What happened to the buses and the channel between them. */
export interface Circumstances {
  readonly hasBroken: boolean;
  readonly hasClosed: boolean;
  /** So much time passed that any message may have timed out. */
  readonly isLate: boolean;
  /** What nobody waits for may have vanished. */
  readonly isLossy: boolean;
}

/** What happened, and what of it must not have. */
export class History {
  readonly #entries: Entry[] = [];
  readonly #lastHandled = new Map<string, number>();
  readonly #wrong: string[] = [];

  emitted(lane: string, wantsAck: boolean, mayFailWith: readonly string[]): Entry {
    const number = this.#entries.length;
    const entry: Entry = {
      number,
      lane,
      wantsAck,
      mayFailWith: new Set(mayFailWith),
      reply: undefined,
      handled: 0,
      outcomes: [],
      reports: [],
    };
    this.#entries.push(entry);
    return entry;
  }

  handled(number: number): void {
    const entry = this.of(number);
    if (!entry) {
      this.#wrong.push(`${number} was handled, and never emitted`);
      return;
    }
    entry.handled++;
    const last = this.#lastHandled.get(entry.lane) ?? -1;
    if (last > number) this.#wrong.push(`${number} was handled after ${last} (${entry.lane})`);
    this.#lastHandled.set(entry.lane, number);
  }

  of(number: number): Entry | undefined {
    return this.#entries[number];
  }

  /** Whatever a user may not see. */
  violations(circumstances: Circumstances): string[] {
    return [...this.#wrong, ...this.#entries.flatMap((entry) => wrongs(entry, circumstances))];
  }
}

function wrongs(entry: Entry, { hasBroken, hasClosed, isLossy, isLate }: Circumstances): string[] {
  const { handled, outcomes, reports, wantsAck } = entry;
  const wrong: string[] = [];
  if (handled > 1) wrong.push(`was handled ${handled} times`);
  if (wantsAck && outcomes.length !== 1) wrong.push(`settled ${outcomes.length} times`);
  for (const outcome of [...outcomes, ...reports]) {
    if (outcome.executed === "no" && handled > 0) wrong.push(`"no", but handled: ${outcome.text}`);
    if (outcome.executed === "yes" && handled === 0) wrong.push(`"yes", never handled`);
    const mayFail =
      outcome.code === undefined ||
      entry.mayFailWith.has(outcome.code) ||
      (isLate && outcome.code === "ERR_ACK_TIMEOUT") ||
      (hasClosed && outcome.code === "ERR_CLOSED") ||
      (hasBroken && outcome.code === "ERR_PEER_DIED");
    if (!mayFail) wrong.push(`got ${outcome.text}`);
  }
  for (const { code, reply } of outcomes) {
    if (code !== undefined) continue;
    if (handled !== 1) wrong.push("a reply, but not handled");
    if (JSON.stringify(reply) !== JSON.stringify(entry.reply)) wrong.push("the wrong reply");
  }
  const isHeardOf = handled > 0 || outcomes.length > 0 || reports.length > 0;
  if (!isLossy && !isHeardOf) wrong.push("was lost in silence");
  return wrong.map((what) => `message ${entry.number} (${entry.lane}) ${what}`);
}
