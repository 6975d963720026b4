import type { Hold } from "../links/hold.ts";
import { startTimer } from "../time/context.ts";
import { Silence, type SilentPeer } from "./silence.ts";

/** How long messages keep this process alive for a peer that nothing was ever heard of, in ms: as long as hellos are repeated. */
const PATIENCE = 25_000;

/** What is asked of a peer that is waited for. */
interface PatientPeer extends SilentPeer {
  readonly hold: Hold;
}

/**
 * Keeps the process alive as long as messages wait for a peer, also those that have no time of their own. For one that has
 * never been heard of not for ever: it may be no bus at all.
 */
export class Patience {
  readonly #hold: Hold;
  readonly #silence: Silence;
  #isWaiting = false;
  #isHeard = false;
  #isOver = false;
  /** It has been waited for long enough. */
  #isVain = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(peer: PatientPeer, tell: (text: string) => void) {
    this.#hold = peer.hold;
    this.#silence = new Silence(peer, tell);
  }

  /** Something waits from now on, or nothing does. */
  waits(isWaiting: boolean): void {
    if (isWaiting === this.#isWaiting || this.#isOver) return;
    this.#isWaiting = isWaiting;
    if (isWaiting) this.#silence.watch();
    this.#update();
    if (this.#isHeard || this.#timer) return;
    const giveUp = () => {
      this.#isVain = true;
      this.#update();
    };
    this.#timer = startTimer(giveUp, PATIENCE).unref();
  }

  /** Something else than messages waits for its bus to be heard of. */
  expectHello(): void {
    this.#silence.watch();
  }

  /** Its bus has been heard of. */
  hear(): void {
    this.#isHeard = true;
    this.#isVain = false;
    this.#silence.end();
    clearTimeout(this.#timer);
    this.#update();
  }

  /** It is gone. */
  end(): void {
    this.#isOver = true;
    this.#silence.end();
    clearTimeout(this.#timer);
  }

  #update(): void {
    this.#hold.set("messages", this.#isWaiting && !this.#isVain);
  }
}
