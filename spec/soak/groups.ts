import { type Any, bus, type GroupTarget } from "../../lib/index.ts";
import type { Group, Job } from "../oracle/facts.ts";
import { REMOTES } from "./engine.ts";

const targets: Record<Group, GroupTarget> = {
  workers: "workers",
  children: "children",
  threads: "threads",
  processes: ({ kind }) => kind !== "thread" && kind !== "remote",
  remotes: REMOTES,
};

/** Whoever names its group by a function keeps what it got, as each has a line of its own. */
const kept = new Map<string, Any>();

/** All of a group. */
export function allOf(namespace: string, group: Group): ReturnType<typeof bus.all> {
  return bus.ns(namespace).all(targets[group]);
}

/** Any one of a group. */
export function anyOf(namespace: string, { group, concurrency }: Job): Any {
  const key = `${namespace} ${group} ${concurrency}`;
  const known = kept.get(key) ?? bus.ns(namespace).any(targets[group], { concurrency });
  kept.set(key, known);
  return known;
}
