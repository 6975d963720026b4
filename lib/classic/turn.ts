import { native } from "../time/native.ts";

let tasks: (() => void)[] = [];

/** Runs `task` when this turn of the event loop is over: so long version 1 let `within` and `ackd` be called. */
export function atEndOfTurn(task: () => void): void {
  if (tasks.push(task) === 1) native.setImmediate(end);
}

function end(): void {
  const ended = tasks;
  tasks = [];
  for (const task of ended) task();
}
