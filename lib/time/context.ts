import { AsyncResource } from "node:async_hooks";
import { native } from "./native.ts";

/** So many scopes are made at a time: to enter nobody's context costs as much as to make one. */
const SCOPES_AT_ONCE = 64;
/** Where Node keeps the context in which a resource was made: up to version 22, and from 24 on. It has no word for "none". */
const PLACES_OF_CONTEXT = new Set<string | undefined>(["kResourceStore", "context_frame"]);

/**
 * Made when the package is loaded, on behalf of nobody: also where that is within a request, which imports what it needs.
 * Nothing of the user's runs in it: what he enters there would stay.
 */
const nobody = makeScope();
for (const place of Object.getOwnPropertySymbols(nobody)) {
  if (PLACES_OF_CONTEXT.has(place.description)) Reflect.set(nobody, place, undefined);
}

/** Scopes in which nothing has run. */
const scopes: AsyncResource[] = [];

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
  return takeScope().runInAsyncScope(task, self, ...parameters) as Result;
}

function takeScope(): AsyncResource {
  if (scopes.length === 0) nobody.runInAsyncScope(makeScopes);
  return scopes.pop() as AsyncResource;
}

function makeScopes(): void {
  while (scopes.length < SCOPES_AT_ONCE) scopes.push(makeScope());
}

function makeScope(): AsyncResource {
  return new AsyncResource("clusterphone");
}

/** Runs a task when the code that is running now is over, in no asynchronous context, and in a scope of its own: a tick has one. */
export function nextTickOutside(task: () => void): void {
  nobody.runInAsyncScope(native.nextTick, process, task);
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
      native.nextTick(() => {
        throw error;
      });
    }
  }, undefined);
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
