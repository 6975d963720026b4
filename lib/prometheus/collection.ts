import { isBusError } from "../errors/bus-error.ts";
import type { Peer } from "../message/peer.ts";
import { inTime } from "../time/in-time.ts";
import { bury } from "./dead.ts";
import { type Channel, shareOf } from "./events.ts";
import { type Register, read } from "./metric.ts";
import { idsOf, type SentSheet, type Sheet, sheetOf, unpack } from "./sheet.ts";
import { Source } from "./source.ts";

/** An answer may come so late, in ms, and be what is last known, though it was not waited for. */
const PATIENCE = 30_000;
/** Whose metrics are gathered here. A port may lead anywhere, and a parent asks by itself. */
const BELOW = ["worker", "child", "thread"];
/** They say nothing that the states do not. */
const EXPECTED = ["ERR_PEER_DIED", "ERR_CLOSED", "ERR_CANCELLED"];

/** What this process and all that are below it have measured, and what the dead of them have left. */
export class Collection {
  readonly #channel: Channel;
  readonly #own: Source;
  readonly #peers = new Map<Peer, Source>();
  readonly #onFailure: ((error: Error) => void) | undefined;
  readonly #stop = new AbortController();
  #dead: Sheet = { state: undefined, readings: [] };
  #gathering: Promise<Sheet[]> | undefined;

  constructor(
    channel: Channel,
    registers: readonly Register[],
    onFailure: ((error: Error) => void) | undefined,
  ) {
    this.#channel = channel;
    this.#own = new Source(async () => [sheetOf(await read(registers), "answered")]);
    this.#onFailure = onFailure;
    channel.lifecycle.on("down", this.#bury);
  }

  /**
   * Resolves to a sheet of each, that of this process first, after so many ms at the latest: then with what was last
   * known of those who have not answered. Rejects if the registers of this process cannot be read.
   */
  gather(within: number): Promise<Sheet[]> {
    this.#gathering ??= this.#gather(within).finally(() => {
      this.#gathering = undefined;
    });
    return this.#gathering;
  }

  /** The same, of values that are not older than the call. */
  async gatherAnew(within: number): Promise<Sheet[]> {
    await this.#gathering?.catch(() => undefined);
    return this.gather(within);
  }

  /** A peer tells how it stands. */
  tell(peer: Peer, sheets: readonly SentSheet[]): void {
    if (isBelow(peer)) this.#sourceOf(peer).tell(unpack(sheets, []));
  }

  /** Waits for nobody any more. */
  stop(): void {
    this.#stop.abort();
    this.#channel.lifecycle.off("down", this.#bury);
  }

  async #gather(within: number): Promise<Sheet[]> {
    const answered = new Set<Source>();
    const asked: Promise<unknown>[] = [];
    // Who did not answer before is not waited for again: it would take the whole time, each time.
    if (!this.#own.isAsked) {
      asked.push(this.#own.ask(within).then(() => answered.add(this.#own)));
    }
    for (const peer of this.#below()) {
      if (!peer.isReady(this.#channel.namespace)) continue;
      const source = this.#sourceOf(peer);
      if (source.isAsked) continue;
      const answer = source.ask(within).then(() => answered.add(source));
      asked.push(answer.catch((error: Error) => this.#report(error)));
    }
    await inTime(Promise.all(asked), within);
    const below = this.#below().flatMap((peer) => {
      const source = this.#peers.get(peer);
      return source ? sheetsOf(source, answered.has(source)) : [MISSING];
    });
    return [...sheetsOf(this.#own, answered.has(this.#own)), ...below, this.#dead];
  }

  #below(): Peer[] {
    return this.#channel.peers.filter(isBelow);
  }

  #sourceOf(peer: Peer): Source {
    let source = this.#peers.get(peer);
    if (!source) {
      source = new Source((within, last) => this.#ask(peer, within, last));
      this.#peers.set(peer, source);
    }
    return source;
  }

  async #ask(peer: Peer, within: number, last: readonly Sheet[]): Promise<Sheet[]> {
    const question = { known: idsOf(last), within: shareOf(within) };
    const options = { timeout: PATIENCE, signal: this.#stop.signal };
    return unpack(await this.#channel.to(peer).emit("collect", question, options).ackd(), last);
  }

  readonly #bury = (peer: Peer): void => {
    const source = this.#peers.get(peer);
    if (!source) return;
    this.#peers.delete(peer);
    this.#dead = bury(this.#dead, source.last);
  };

  #report(error: Error): void {
    if (isBusError(error) && EXPECTED.includes(error.code)) return;
    this.#onFailure?.(error);
  }
}

const MISSING: Sheet = { state: "missing", readings: [] };

function isBelow({ kind }: Peer): boolean {
  return BELOW.includes(kind);
}

/** How a peer and those below it stand, if the peer has, or has not, answered. */
function sheetsOf({ last }: Source, hasAnswered: boolean): readonly Sheet[] {
  if (last.length === 0) return [MISSING];
  if (hasAnswered) return last;
  return last.map((sheet) => (sheet.state === "answered" ? { ...sheet, state: "stale" } : sheet));
}
