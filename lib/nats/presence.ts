import { startTimer } from "../time/context.ts";
import { HearingClock } from "./clock.ts";
import type { Directory } from "./directory.ts";
import type { KnownMember } from "./member.ts";
import type { Joining } from "./options.ts";
import { type Sign, writeSign } from "./sign.ts";

/** So often it is looked what has become of what was sent, in ms. */
const LOOK_EVERY = 100;
/** And so often while nobody waits for anything: most of what a process takes that has nothing to do is to wake up. */
const REST = 1000;
/** A look that comes later than this, in ms, comes late because the loop was blocked. */
const TOLERANCE = 100;
/** A sign of life comes so often, in ms, or less often among many: nobody hears more than some ten a second. */
const BEAT = 5000;
const BEAT_FOR_EACH = 100;
/** Signs come at random times within this part of a beat, so that they do not all come at once. */
const JITTER = 0.2;
/** Of so many beats none has to be heard before it is told, however short a silence may be. */
const MISSED_BEATS = 3;
/** But where beats are rare, whoever is asked all the time after the first one answers within so many ms, or never. */
const OVERDUE = 30_000;
/** Who is needed and says nothing is asked so often, in ms. */
const PROBE_EVERY = 500;
/** Whoever is needed and has said nothing for so long, in ms, is asked. */
const QUIET = 1000;
/** After so long, in ms, it is asked whether it is the server that is silent. */
const SERVER = 2000;
/**
 * The server has so long to answer, in ms, before another is dialed; longer where nobody waits for anything: others miss who
 * dials, and a server that is only slow gets no faster by it.
 */
const ANSWER = 2000;
const ANSWER_AT_REST = 8000;
/** A process that nobody knows is asked who it is at most so often, in ms. */
const ASK_EVERY = 100;

/** What presence asks of the mesh. */
interface PresenceAsked {
  isConnected(): boolean;
  /** Tells everybody. */
  announce(sign: string): void;
  gone(member: KnownMember, reason: string): void;
  /** Resolves when the server has answered. */
  ping(): Promise<unknown>;
  /** The server does not answer: another may. */
  reconnect(): void;
}

/** Tells that this process is there, and judges who of the others is not. Everybody judges for himself. */
export class Presence {
  readonly clock: HearingClock = new HearingClock();
  readonly #joining: Joining;
  readonly #directory: Directory;
  readonly #asked: PresenceAsked;
  #timer: NodeJS.Timeout | undefined;
  /** Nobody waits for anything: until something is sent, one looks less often. */
  #isResting = false;
  /** The next look is so many ms after the last one. */
  #pause = LOOK_EVERY;
  #announcedAt = 0;
  /** The beat of that time, in ms, after which the others were told to expect the next sign; and at which part of it that comes. */
  #beatThen = 0;
  #part = 1;
  /** When the server was asked whether it is there, as long as it has not answered, by the clock of this. */
  #pingedAt: number | undefined;
  #isLeaving = false;
  #askedAt = -Infinity;

  constructor(joining: Joining, directory: Directory, asked: PresenceAsked) {
    this.#joining = joining;
    this.#directory = directory;
    this.#asked = asked;
  }

  begin(): void {
    this.#announce("asks");
    this.#schedule();
  }

  /** This process can hear again. Nobody could be heard meanwhile, and others may be on their way back. */
  back(): void {
    for (const member of this.#directory.members) member.missedSince = undefined;
    this.#pingedAt = undefined;
    this.#announce("asks");
  }

  /** Something is sent. Whatever anybody waits for begins with that, be it that a message was taken. */
  sends(): void {
    if (!this.#isResting) return;
    this.#isResting = false;
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#lookAtClock();
    this.#schedule();
  }

  /** Tells that this process leaves. From now on nothing else is told. */
  leave(): void {
    this.#asked.announce(this.sign("leaves"));
    this.#isLeaving = true;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Whether a process that nobody knows may be asked who it is: strangers make up any number. */
  mayAsk(): boolean {
    if (this.clock.now - this.#askedAt < ASK_EVERY) return false;
    this.#askedAt = this.clock.now;
    return true;
  }

  sign(what: Sign["what"]): string {
    const { instance, serialization, absence } = this.#joining;
    const host = process.getBuiltinModule("node:os").hostname();
    const told = { instance, host, pid: process.pid, serialization, absence };
    return writeSign({ what, ...told, beat: Math.ceil(this.#beat() * (1 + JITTER)) });
  }

  #beat(): number {
    return Math.max(BEAT, BEAT_FOR_EACH * (this.#directory.size + 1));
  }

  /** When the next sign is due: sooner than was told, if so many have gone meanwhile that the beat is a shorter one. */
  get #nextBeat(): number {
    return this.#announcedAt + Math.min(this.#beatThen, this.#beat()) * this.#part;
  }

  #announce(what: Sign["what"]): void {
    if (this.#isLeaving) return;
    this.#announcedAt = this.clock.now;
    this.#beatThen = this.#beat();
    this.#part = 1 - JITTER * Math.random();
    this.#asked.announce(this.sign(what));
  }

  #schedule(): void {
    // A sign comes at its own time, not when a rest ends: then all who rest together would speak together.
    const toBeat = Math.ceil(this.#nextBeat - this.clock.now);
    this.#pause = this.#isResting ? Math.max(LOOK_EVERY, Math.min(REST, toBeat)) : LOOK_EVERY;
    this.#timer = startTimer(this.#look, this.#pause).unref();
  }

  #lookAtClock(): boolean {
    const isConnected = this.#asked.isConnected();
    this.clock.look(isConnected, this.#pause + TOLERANCE);
    return isConnected;
  }

  readonly #look = (): void => {
    if (this.#lookAtClock()) {
      if (this.clock.now >= this.#nextBeat) this.#announce("is");
      // What had arrived while the loop was blocked is read before anybody is judged.
      setImmediate(() => {
        const { members } = this.#directory;
        this.#isResting = members.filter((member) => this.#judge(member)).length === 0;
      });
    }
    this.#schedule();
  };

  /** Whether it has to be looked after more often. */
  #judge(member: KnownMember): boolean {
    const { now } = this.clock;
    const { link, told, missedSince } = member;
    const silent = now - member.heardAt;
    const isNeeded = member.isNeeded || member.isLeaving;
    if (missedSince !== undefined && now - missedSince > told.absence) {
      this.#asked.gone(member, "is gone: nobody takes what is sent to it");
      return false;
    }
    const { silence } = this.#joining;
    const missed = Math.min(MISSED_BEATS * told.beat, told.beat + OVERDUE);
    if (silent > Math.max(silence, isNeeded ? 0 : missed)) {
      this.#asked.gone(member, `was silent for ${Math.round(silent / 1000)} s`);
      return false;
    }
    link.look();
    // Whoever is not needed is asked when a sign of it is overdue.
    const isQuiet = silent > (isNeeded ? QUIET : told.beat + QUIET);
    const isDoubtful = missedSince !== undefined || isQuiet;
    if (isDoubtful && now - member.probedAt > PROBE_EVERY) {
      member.probedAt = now;
      link.probe();
    }
    if (isQuiet && silent > SERVER) this.#askServer(isNeeded);
    return isNeeded || isDoubtful;
  }

  /** Is it the peer that is silent, or the way to everybody? */
  #askServer(isNeeded: boolean): void {
    const { now } = this.clock;
    if (this.#pingedAt === undefined) {
      this.#pingedAt = now;
      const answered = () => {
        // One that was asked before the way was dialed anew says nothing of that.
        if (this.#pingedAt === now || this.#pingedAt === Infinity) this.#pingedAt = undefined;
      };
      this.#asked.ping().then(answered, answered);
    } else if (now - this.#pingedAt > (isNeeded ? ANSWER : ANSWER_AT_REST)) {
      // Once is enough.
      this.#pingedAt = Infinity;
      this.#asked.reconnect();
    }
  }
}
