import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { bus } from "clusterphone";

const entry = fileURLToPath(new URL(`worker${import.meta.url.slice(-3)}`, import.meta.url));

/** Some workers that may be killed, stopped and replaced: all children of this process. */
export class Crew {
  readonly #file: string;
  readonly #living = new Set<ChildProcess>();
  readonly #ends: Promise<unknown>[] = [];

  /** Of workers that write down in the file what they have run. */
  constructor(file = "/dev/null") {
    this.#file = file;
  }

  get living(): ChildProcess[] {
    return [...this.#living];
  }

  /** Starts a worker, which takes so many times as long for a job as others. */
  start(slowness = 1): ChildProcess {
    const child = fork(entry, [String(slowness), this.#file], { execArgv: [] });
    this.#living.add(child);
    this.#ends.push(once(child, "exit"));
    bus.to(child);
    return child;
  }

  /** Starts some, and waits until they listen. */
  async startAndWait(slownesses: readonly number[]): Promise<ChildProcess[]> {
    const children = slownesses.map((slowness) => this.start(slowness));
    await Promise.all(children.map((child) => bus.to(child).ready()));
    return children;
  }

  /** One of those that live, whichever. */
  random(): ChildProcess | undefined {
    return this.living[Math.floor(Math.random() * this.#living.size)];
  }

  kill(child: ChildProcess): void {
    this.#living.delete(child);
    child.kill("SIGKILL");
  }

  /** Ends all of them, and waits until the bus has forgotten them. */
  async end(): Promise<void> {
    for (const child of this.living) this.kill(child);
    await Promise.all(this.#ends);
    while (bus.all("children").peers.length > 0) await new Promise(setImmediate);
  }
}

/** Runs something with a crew, and ends that whatever happens. */
export async function withCrew<Result>(
  use: (crew: Crew) => Promise<Result>,
  file?: string,
): Promise<Result> {
  const crew = new Crew(file);
  try {
    return await use(crew);
  } finally {
    await crew.end();
  }
}

/** Of numbers that nearly all are less than. */
export function percentile(numbers: readonly number[], part: number): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export function median(numbers: readonly number[]): number {
  return percentile(numbers, 0.5);
}
