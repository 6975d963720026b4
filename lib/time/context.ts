import { AsyncResource } from "node:async_hooks";

/** More calls are not within each other: a listener called from a channel starts a timer, and so on. */
const MOST_DEPTH = 8;

/**
 * Made when the package is loaded, on behalf of nobody. Up to Node 22 `AsyncLocalStorage.run` marks the resource in which it
 * is called: within a call of `outside` that is the one of that call, so a call in there needs another.
 */
const nobodies = Array.from(
  { length: MOST_DEPTH },
  () => new AsyncResource("clusterphone", { requireManualDestroy: true }),
);
const [outermost = new AsyncResource("clusterphone")] = nobodies;
let depth = 0;

/**
 * Runs a task in no asynchronous context: for what is done on behalf of all. A timer that was started for one message would
 * hold what belongs to its sender as long as there are others, and run for them as if for that one. A channel tells
 * what it tells in the context of whoever forked the process at its end.
 */
export function outside<This, Parameters extends unknown[], Result>(
  task: (this: This, ...parameters: Parameters) => Result,
  self: This,
  ...parameters: Parameters
): Result {
  const nobody = nobodies[depth] ?? outermost;
  depth++;
  try {
    return nobody.runInAsyncScope(task, self, ...parameters) as Result;
  } finally {
    depth--;
  }
}

/** A timer that holds nobody's context, and runs in none. */
export function startTimer(task: () => void, milliseconds: number): NodeJS.Timeout {
  return outside(
    setTimeout as (task: () => void, ms: number) => NodeJS.Timeout,
    undefined,
    task,
    milliseconds,
  );
}
