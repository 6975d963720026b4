/** A time that counts in ms only what this process could hear: it runs while the loop does, and it is connected. */
export class HearingClock {
  now = 0;
  #last = performance.now();

  /** `most`: what a look may count for, in ms; a longer time since the last one was spent in a blocked loop. */
  look(isConnected: boolean, most: number): void {
    const now = performance.now();
    if (isConnected) this.now += Math.min(now - this.#last, most);
    this.#last = now;
  }
}
