import { check, wrong } from "../errors/check.ts";
import type { Peer } from "../message/peer.ts";
import type { Session } from "../peer/session.ts";
import type { Peers } from "./peers.ts";

const KINDS: Readonly<Record<string, string>> = {
  workers: "worker",
  children: "child",
  threads: "thread",
};

/** Cluster workers come by themselves, others do not. */
const WHOSE: Readonly<Record<string, string>> = {
  children: ", which has those that to(child) has named",
  threads: ", which has those that to(thread) has named",
};

/** Who belongs to a group, from one moment to the next. */
export interface Members {
  /** Whom it means, in words. */
  readonly label: string;
  /** Whose they are, in words that follow "there is nobody in that group", where that is easily forgotten. */
  readonly whoseAre?: string | undefined;
  /** What any of them will have. */
  readonly serialization?: Session["serialization"] | undefined;
  /** Those there are, in the order in which they came, without those that close or are gone. */
  now(): readonly Session[];
}

/** The members of a group, a `GroupTarget`. Throws a `TypeError` for anything else. */
export function membersOf(group: unknown, peers: Peers): Members {
  if (typeof group === "function") {
    const label = group.name ? `the peers that ${group.name} chooses` : "the peers chosen";
    const isMember = (peer: Peer) => answerOf(group as (peer: Peer) => unknown, peer);
    return { label, now: () => peers.others.filter(isThere).filter((peer) => isMember(peer)) };
  }
  const [label, find] = typeof group === "string" ? named(group, peers) : listed(group, peers);
  const now = () => peers.membersOf(now, () => find().filter(isThere));
  const serialization = group === "threads" ? "clone" : undefined;
  return { label, whoseAre: WHOSE[label], serialization, now };
}

/** A promise is no answer, though it would count as one that says yes. */
function answerOf(group: (peer: Peer) => unknown, peer: Peer): boolean {
  const answer = group(peer);
  if (typeof answer === "object" && answer !== null && "then" in answer) {
    throw wrong("what a function that chooses a group returns", "true or false", answer);
  }
  return Boolean(answer);
}

type Found = [label: string, find: () => readonly Session[]];

function named(name: string, peers: Peers): Found {
  if (name === "parent") throw new TypeError('the parent is no group, but one: use to("parent")');
  if (name === "siblings") throw new TypeError('the group "siblings" is not there yet');
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (kind !== undefined) return [name, () => peers.others.filter((peer) => peer.kind === kind)];
  check.busName(name, "the name of a group");
  return [`buses named "${name}"`, () => peers.others.filter((peer) => peer.name === name)];
}

function listed(group: unknown, peers: Peers): Found {
  if (typeof group !== "object" || group === null || !(Symbol.iterator in group)) {
    const expected =
      '"workers", "children", "threads", the name of buses, a list of what to() takes, or a function';
    const hint = "one peer is for to(); of an object like cluster.workers take Object.values()";
    throw wrong(
      "the group",
      expected,
      group,
      typeof group === "object" && group ? hint : undefined,
    );
  }
  // It is read once: it may be an iterator.
  const targets = [...(group as Iterable<unknown>)];
  const find = () => [...new Set(targets.map((target) => peers.find(target)))];
  const { length } = find();
  return [`${length} ${length === 1 ? "peer" : "peers"}`, find];
}

function isThere({ state }: Peer): boolean {
  return state === "connecting" || state === "up";
}
