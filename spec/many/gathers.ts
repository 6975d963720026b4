import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { bus, type Outcome, type Peer } from "clusterphone";
import { type Crew, percentile, withCrew } from "./crew.ts";

/** Of a gather, in ms, and how much later it may end. */
const DEADLINE = 1000;
const GRACE = 100;
/** So many are under way at a time. */
const AT_ONCE = 32;
/** One worker is killed, and another one forked, with each so many gathers; and one is stopped. */
const KILL_EACH = 5;
const STOP_EACH = 7;
/** For so many ms at most. */
const LONGEST_STOP = 2500;

/** Of the clock, in ms; who comes later than this by more than the tolerance was held up. */
const BEAT = 10;
const TOLERANCE = 25;

/**
 * The time in which this process could run. What is awaited has that much time, and no less because others, or the forking
 * of workers, have kept it from running.
 */
class Clock {
  heldUp = 0;
  #last = performance.now();
  readonly #timer = setInterval(() => {
    this.heldUp += this.#overdue;
    this.#last = performance.now();
  }, BEAT);

  /** In ms. */
  get running(): number {
    return performance.now() - this.heldUp - this.#overdue;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get #overdue(): number {
    const late = performance.now() - this.#last - BEAT;
    return late > TOLERANCE ? late : 0;
  }
}

/** What happened to a worker, by its process id. */
interface Fates {
  readonly killed: Set<number | undefined>;
  /** Until when it was stopped, in ms. */
  readonly stoppedUntil: Map<number | undefined, number>;
}

/**
 * Gathers from many workers that are killed, stopped and replaced at random: each gives one outcome for each member of
 * the moment, that of whom nothing has happened to is the answer, and none is late. Returns what was seen, in words.
 */
export async function gatherUnderFire(workers: number, gathers: number): Promise<string> {
  return await withCrew(async (crew) => {
    await crew.startAndWait(Array.from({ length: workers }, () => 1));
    const group = bus.all("children");
    const fates: Fates = { killed: new Set(), stoppedUntil: new Map() };
    const late: number[] = [];
    const clock = new Clock();
    const counts: Record<string, number> = {};

    const gather = async (number: number): Promise<void> => {
      const members = group.peers;
      const wereUp = new Set(members.filter((peer) => peer.isReady("_")));
      const start = performance.now();
      const startTime = clock.running;
      const gathered = group.emit("who", number).within(DEADLINE).ackd();
      disturb(crew, number, fates);
      const outcomes = await gathered;
      late.push(clock.running - startTime - DEADLINE);
      assertOneEach(outcomes, members);
      for (const outcome of outcomes) {
        const code = outcome.reason?.code ?? outcome.status;
        counts[code] = (counts[code] ?? 0) + 1;
        assertFair(outcome, { number, start, wasUp: wereUp.has(outcome.peer), fates });
      }
    };

    let next = 0;
    const lane = async () => {
      // Not all at once, as many of them end with their deadline.
      await sleep(Math.random() * DEADLINE);
      while (next < gathers) {
        await gather(next++);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));

    clock.stop();
    const latest = Math.max(...late);
    const said = `${gathers} gathers, ${JSON.stringify(counts)}; the latest ended ${latest.toFixed(0)} ms after its deadline, p99 ${percentile(late, 0.99).toFixed(0)} ms; this process was held up for ${clock.heldUp.toFixed(0)} ms, which are no time of theirs`;
    if (latest > GRACE) throw new Error(said);
    return said;
  });
}

function disturb(crew: Crew, number: number, { killed, stoppedUntil }: Fates): void {
  const victim = crew.random();
  if (victim && number % KILL_EACH === 0) {
    killed.add(victim.pid);
    crew.kill(victim);
    crew.start();
  }
  const stopped = crew.random();
  if (stopped && number % STOP_EACH === 0) {
    const time = Math.random() * LONGEST_STOP;
    const until = performance.now() + time + GRACE;
    stoppedUntil.set(stopped.pid, Math.max(until, stoppedUntil.get(stopped.pid) ?? 0));
    stopped.kill("SIGSTOP");
    void goOn(stopped, time);
  }
}

async function goOn(child: ChildProcess, milliseconds: number): Promise<void> {
  await sleep(milliseconds);
  child.kill("SIGCONT");
}

function assertOneEach(outcomes: readonly Outcome[], members: readonly Peer[]): void {
  const isOneEach =
    outcomes.length === members.length &&
    outcomes.every((outcome, index) => outcome.peer === members[index]);
  if (!isOneEach) throw new Error(`${outcomes.length} outcomes of ${members.length} members`);
}

interface Asked {
  readonly number: number;
  readonly start: number;
  readonly wasUp: boolean;
  readonly fates: Fates;
}

/** Who answers does so rightly, and who does not has an excuse. */
function assertFair({ peer, status, value, reason }: Outcome, asked: Asked): void {
  const { number, start, wasUp, fates } = asked;
  if (status === "fulfilled") {
    const expected = `${peer.pid} ${number}`;
    if (value !== expected) throw new Error(`${peer.id} said "${value}", not "${expected}"`);
    return;
  }
  const wasStopped = (fates.stoppedUntil.get(peer.pid) ?? 0) > start;
  const isExcused =
    reason.code === "ERR_PEER_DIED"
      ? fates.killed.has(peer.pid)
      : reason.code === "ERR_ACK_TIMEOUT" && (!wasUp || wasStopped);
  if (!isExcused) throw new Error(`nothing had happened to ${peer.id}: ${reason.message}`);
}

/** How long it takes, of a number of workers of which one is stopped, until all others have said their outcome; and without it. */
export async function withOneStopped(workers: number, rounds: number): Promise<string> {
  return await withCrew(async (crew) => {
    const [stopped] = await crew.startAndWait(Array.from({ length: workers }, () => 1));
    const arrive = async (fewest: number): Promise<number> => {
      const start = performance.now();
      let arrived = 0;
      for await (const { status } of bus.all("children").emit("who", 0).within(10_000)) {
        if (status === "fulfilled" && ++arrived === fewest) break;
      }
      if (arrived !== fewest) throw new Error(`${arrived} of ${fewest} have answered`);
      return performance.now() - start;
    };
    const [whole, without]: [number[], number[]] = [[], []];
    await arrive(workers);
    for (let round = 0; round < rounds; round++) {
      whole.push(await arrive(workers));
      stopped?.kill("SIGSTOP");
      without.push(await arrive(workers - 1));
      stopped?.kill("SIGCONT");
      await arrive(workers);
    }
    const factor = percentile(without, 0.5) / percentile(whole, 0.5);
    const said = `the others of ${workers} took ${factor.toFixed(2)} times as long as when none is stopped`;
    if (factor > 2) throw new Error(said);
    return said;
  });
}
