/**
 * A synchronous stretch: from an `emit` to the end of the synchronous code around it. `within`
 * and `ackd` are valid in the stretch of their `emit`; a failure that comes earlier than that waits for its
 * end, because only then is it known whether anybody asked for it.
 *
 * There is one stretch in a process, as there is one thread that runs it: so it is state of this module.
 */
let current = 1;
let scheduled = false;
let atEnd: (() => void)[] = [];

const resolved = Promise.resolve();

/** The number of the stretch that is running. */
export function currentStretch(): number {
  if (!scheduled) {
    scheduled = true;
    // A microtask comes before everything that the code after an `await` could do.
    void resolved.then(end);
  }
  return current;
}

/** Whether that stretch is still running. */
export function isCurrentStretch(stretch: number): boolean {
  return stretch === current;
}

/** Runs `task` when the stretch that is running is over. */
export function afterStretch(task: () => void): void {
  currentStretch();
  atEnd.push(task);
}

/** Ends the stretch: from here on it is known which messages want an ack. */
export function endStretch(): void {
  current++;
  if (atEnd.length === 0) return;
  const tasks = atEnd;
  atEnd = [];
  for (const task of tasks) task();
}

function end(): void {
  scheduled = false;
  endStretch();
}
