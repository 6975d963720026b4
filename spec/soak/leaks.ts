import { readdirSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { bus } from "../../lib/index.ts";
import { LIMITS } from "./limits.ts";

/** What this process holds at a time when it has nothing to do. */
export interface Holdings {
  /** Sockets, pipes and the like. */
  readonly descriptors: number;
  /** What keeps the event loop alive, by kind. */
  readonly resources: readonly string[];
  readonly peers: number;
}

/** What a process knows of what it has left over. */
interface Leftovers {
  /** How much of what has settled is still there. */
  readonly retained: number;
  /** Descriptors of which Node has given the handle to nobody. */
  readonly lostHandles: number;
}

/** Without the handles that Node has lost. */
export function holdings({ lostHandles }: Leftovers): Holdings {
  const resources = process.getActiveResourcesInfo().toSorted();
  return {
    descriptors: readdirSync("/proc/self/fd").filter(isNoFile).length - lostHandles,
    resources: resources.slice(0, resources.length - lostHandles),
    peers: bus.peers.length,
  };
}

/** Files do not count: Node leaves those open that a thread was loading when it was terminated. */
function isNoFile(descriptor: string): boolean {
  try {
    return !readlinkSync(`/proc/self/fd/${descriptor}`).startsWith("/");
  } catch {
    // It was that of the directory.
    return false;
  }
}

/**
 * Waits until nothing more is held than before, nor anything of what has settled.
 * Returns for each kind of holding what still is, or "".
 */
export async function leaksSince(before: Holdings, left: Leftovers): Promise<string[]> {
  const until = performance.now() + LIMITS.soon;
  for (;;) {
    globalThis.gc?.();
    const leaks = [...compare(before, holdings(left)), kept(left.retained), lost(left.lostHandles)];
    if (!leaks.some(Boolean) || performance.now() > until) return leaks;
    await sleep(50);
  }
}

/** What was sent last may be in some register still. */
function kept(count: number): string {
  return count > LIMITS.retained ? `VIOLATION: ${count} of what has settled are kept` : "";
}

/** Node seldom loses a handle by itself. */
function lost(count: number): string {
  return count > LIMITS.lost ? `VIOLATION: ${count} handles were lost in Node` : "";
}

/** Bytes in use after a collection. Needs --expose-gc. */
export function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function compare(before: Holdings, now: Holdings): string[] {
  return [
    now.descriptors > before.descriptors
      ? `VIOLATION: ${now.descriptors} descriptors, ${before.descriptors} before`
      : "",
    now.resources.length > before.resources.length
      ? `VIOLATION: active are "${now.resources.join(" ")}", before "${before.resources.join(" ")}"`
      : "",
    now.peers > 0 ? `VIOLATION: ${now.peers} peers are still there` : "",
  ];
}
