/** Something taken out of a queue, that is done some time later. */
export interface Step {
  /** How much had been taken when it was. */
  readonly end: number;
  isDone: boolean;
}

/** Stands for everything that was in a queue at some time. */
interface Mark {
  /** How many that were. */
  place: number;
}

/** How far a queue has come: up to where everything that was put into it is done. */
export class Progress {
  #entered = 0;
  #taken = 0;
  #done = 0;
  /** In the order in which they were taken, which need not be that in which they end. */
  #steps: Step[] = [];
  /** Those that have not been passed. */
  readonly #marks = new Set<Mark>();

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

  /** One that has so many before it leaves the queue otherwise. */
  leaveOut(ahead: number): void {
    this.#entered--;
    for (const mark of this.#marks) {
      if (mark.place > this.#taken + ahead) mark.place--;
    }
  }

  end(step: Step): void {
    step.isDone = true;
    while (this.#steps[0]?.isDone) this.#done = this.#steps.shift()?.end ?? this.#done;
  }

  /** Stands for everything that is in the queue now. */
  mark(): Mark {
    const mark = { place: this.#entered };
    this.#marks.add(mark);
    return mark;
  }

  /** Whether everything is done that was in the queue at that mark. */
  hasPassed(mark: Mark): boolean {
    const isPassed = this.#done >= mark.place;
    if (isPassed) this.#marks.delete(mark);
    return isPassed;
  }
}
