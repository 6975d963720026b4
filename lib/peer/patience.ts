import type { Hold } from "../links/hold.ts";
import { startTimer } from "../time/context.ts";

/** How long messages keep this process alive for a peer that nothing was ever heard of, in ms: as long as hellos are repeated. */
const PATIENCE = 25_000;

/**
 * Keeps the process alive as long as messages wait for a peer, also those that have no time of their own. For one that has
 * never been heard of not for ever: it may be no bus at all.
 */
export class Patience {
  readonly #hold: Hold;
  #isWaiting = false;
  #isHeard = false;
  #isOver = false;
  /** It has been waited for long enough. */
  #isVain = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(hold: Hold) {
    this.#hold = hold;
  }

  /** Something waits from now on, or nothing does. */
  waits(isWaiting: boolean): void {
    if (isWaiting === this.#isWaiting || this.#isOver) return;
    this.#isWaiting = isWaiting;
    this.#update();
    if (this.#isHeard || this.#timer) return;
    const giveUp = () => {
      this.#isVain = true;
      this.#update();
    };
    this.#timer = startTimer(giveUp, PATIENCE).unref();
  }

  /** Its bus has been heard of. */
  hear(): void {
    this.#isHeard = true;
    this.#isVain = false;
    clearTimeout(this.#timer);
    this.#update();
  }

  /** It is gone. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #update(): void {
    this.#hold.set("messages", this.#isWaiting && !this.#isVain);
  }
}
