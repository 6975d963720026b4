import { AsyncResource } from "node:async_hooks";

/** Made when the package is loaded, on behalf of nobody. Nothing of the user's runs in it: what he enters there would stay. */
const nobody = new AsyncResource("clusterphone", { requireManualDestroy: true });

/**
 * Runs a task in no asynchronous context: for what is done on behalf of all. A timer that was started for one message would
 * hold what belongs to its sender as long as there are others, and run for them as if for that one. A channel tells
 * what it tells in the context of whoever forked the process at its end.
 *
 * Each call has a scope of its own. Up to Node 22 the scope is marked by `AsyncLocalStorage.run`, as long as that runs, and by
 * `enterWith` for good.
 */
export function outside<This, Parameters extends unknown[], Result>(
  task: (this: This, ...parameters: Parameters) => Result,
  self: This,
  ...parameters: Parameters
): Result {
  return nobody.runInAsyncScope(makeScope).runInAsyncScope(task, self, ...parameters) as Result;
}

/**
 * Tells listeners of the user's, in no asynchronous context. What one of them throws disturbs nobody here: it is an uncaught
 * exception of its own.
 */
export function tellOutside(tell: () => void): void {
  outside(() => {
    try {
      tell();
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }, undefined);
}

function makeScope(): AsyncResource {
  return new AsyncResource("clusterphone", { requireManualDestroy: true });
}

/** A timer that holds nobody's context, and runs in none. */
export function startTimer(task: () => void, milliseconds: number): NodeJS.Timeout {
  return nobody.runInAsyncScope(
    setTimeout as (task: () => void, ms: number) => NodeJS.Timeout,
    undefined,
    task,
    milliseconds,
  );
}
