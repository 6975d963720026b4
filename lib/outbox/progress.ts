/** Something taken out of a queue, that is done some time later. */
export interface Step {
  /** How much had been taken when it was. */
  readonly end: number;
  isDone: boolean;
}

/** How far a queue has come: up to where everything that was put into it is done. */
export class Progress {
  #entered = 0;
  #taken = 0;
  #done = 0;
  /** In the order in which they were taken, which need not be that in which they end. */
  #steps: Step[] = [];

  /** One more is in the queue. */
  enter(): void {
    this.#entered++;
  }

  /** The next so many have been taken out. */
  take(count: number): Step {
    this.#taken += count;
    const step = { end: this.#taken, isDone: false };
    this.#steps.push(step);
    return step;
  }

  end(step: Step): void {
    step.isDone = true;
    while (this.#steps[0]?.isDone) this.#done = this.#steps.shift()?.end ?? this.#done;
  }

  /** Stands for everything that is in the queue now. */
  get mark(): number {
    return this.#entered;
  }

  /** Whether everything is done that was in the queue at that mark. */
  hasPassed(mark: number): boolean {
    return this.#done >= mark;
  }
}
