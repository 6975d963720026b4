import { endAll } from "./processes.ts";

/**
 * Tasks that begin in the order in which they were added: whoever needs one begins that and the next, which runs
 * while the first is looked at. For processes that share nothing and mostly wait for each other.
 */
export class Relay {
  readonly #tasks: (() => void)[] = [];

  /** Returns what gives its result, beginning it if that was not done before. */
  add<T>(task: () => T): () => T {
    let begun: { readonly result: T } | undefined;
    const begin = () => {
      begun ??= { result: task() };
      return begun.result;
    };
    const next = this.#tasks.push(begin);
    return () => {
      const result = begin();
      this.#tasks[next]?.();
      return result;
    };
  }
}

/**
 * `it` for specs that share nothing, each of which runs beside the one before it. What they have started and
 * not ended is ended when all are over.
 */
export function besideEachOther(): (title: string, body: () => unknown) => void {
  const relay = new Relay();
  after(endAll);
  return (title, body) => {
    const outcome = relay.add(() => {
      const running = Promise.resolve().then(body);
      // It may fail before anybody has asked.
      running.catch(() => undefined);
      return running;
    });
    it(title, () => outcome());
  };
}
