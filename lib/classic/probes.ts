/** The first question is asked after so many ms, for a bus of version 2 answers sooner; the next after twice as many. */
const FIRST = 10;
/** The time between two does not get longer than this, in ms. */
const LONGEST = 1000;
/** So often somebody is asked who never answers. */
const MOST = 10;

interface Probe {
  times: number;
  timer: NodeJS.Timeout | undefined;
  readonly isAwaited: () => boolean;
}

/**
 * Asks the other side whether a namespace of its is open. A primary with version 1 tells nobody that it is there, nor what
 * namespaces it has, but to a command that it does not know it answers either "Unknown namespace." or "Unhandled message type".
 */
export class Probes {
  readonly #ask: (namespace: string) => void;
  readonly #probes = new Map<string, Probe>();
  /** Somebody with version 1 is there: asks as long as something waits. */
  isAnswered = false;

  constructor(ask: (namespace: string) => void) {
    this.#ask = ask;
  }

  get areIdle(): boolean {
    return this.#probes.size === 0;
  }

  /** Something waits for the namespace, as long as `isAwaited` says so. */
  begin(namespace: string, isAwaited: () => boolean): void {
    let probe = this.#probes.get(namespace);
    if (!probe) {
      probe = { times: 0, timer: undefined, isAwaited };
      this.#probes.set(namespace, probe);
    }
    if (!probe.timer) this.#schedule(namespace, probe);
  }

  /** It is open, or it is known otherwise. */
  end(namespace: string): void {
    clearTimeout(this.#probes.get(namespace)?.timer);
    this.#probes.delete(namespace);
  }

  close(): void {
    for (const namespace of this.#probes.keys()) this.end(namespace);
  }

  #schedule(namespace: string, probe: Probe): void {
    const wait = Math.min(FIRST * 2 ** probe.times, LONGEST);
    probe.timer = setTimeout(() => {
      probe.timer = undefined;
      if (!probe.isAwaited()) {
        this.end(namespace);
        return;
      }
      probe.times++;
      this.#ask(namespace);
      if (this.isAnswered || probe.times < MOST) this.#schedule(namespace, probe);
    }, wait).unref();
  }
}
