import type { ChildProcess } from "node:child_process";
import type { Participant } from "./crew.ts";

/** Messages that may be on their way at a time: who is stopped must not make the soak grow. */
const MOST_UNDER_WAY = 100;

/**
 * An old habit of primaries: whatever comes from one process goes to another one. So the frames of one bus
 * come to another, on a channel that both use, and must not be taken for those of the primary.
 */
export class Relay {
  readonly #everybody: readonly Participant[];
  readonly #listening = new Map<ChildProcess, (message: object) => void>();
  #timer: NodeJS.Timeout | undefined;
  #underWay = 0;
  #next = 0;
  /** How many messages it has forwarded. */
  relayed = 0;

  constructor(everybody: readonly Participant[]) {
    this.#everybody = everybody;
  }

  /** Forwards what comes from those who are there, for so many ms. */
  start(ms: number): void {
    this.end();
    for (const { process, isOver } of this.#everybody) {
      if (!process || isOver) continue;
      const listener = (message: object) => this.#forward(process, message);
      this.#listening.set(process, listener);
      process.on("message", listener);
    }
    this.#timer = setTimeout(() => this.end(), ms);
  }

  end(): void {
    clearTimeout(this.#timer);
    for (const [process, listener] of this.#listening) process.off("message", listener);
    this.#listening.clear();
  }

  #forward(from: ChildProcess, message: object): void {
    if (this.#underWay >= MOST_UNDER_WAY) return;
    const others = [...this.#listening.keys()].filter((each) => each !== from && each.connected);
    const to = others[this.#next++ % others.length];
    if (!to) return;
    this.#underWay++;
    this.relayed++;
    to.send(message, () => {
      this.#underWay--;
    });
  }
}
