/** What arrives, one after the other, for somebody who takes it at his own pace. */
export class Arrivals<Value> implements AsyncIterableIterator<Value> {
  readonly #values: Value[] = [];
  #waiting: ((result: IteratorResult<Value, undefined>) => void)[] = [];
  /** How many are still to be taken. */
  #left: number;
  #leave: (() => void) | undefined;

  /** So many will arrive; `leave` is called when whoever takes them wants no more. */
  constructor(count: number, leave: () => void) {
    this.#left = count;
    this.#leave = leave;
  }

  add(value: Value): void {
    if (this.#left === 0) return;
    const take = this.#waiting.shift();
    if (take) take(this.#taken(value));
    else this.#values.push(value);
    if (this.#left === 0) this.#end();
  }

  next(): Promise<IteratorResult<Value, undefined>> {
    const [value] = this.#values.splice(0, 1);
    if (value !== undefined) return Promise.resolve(this.#taken(value));
    if (this.#left === 0) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<Value, undefined>> {
    const leave = this.#left > 0 ? this.#leave : undefined;
    this.#end();
    leave?.();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #taken(value: Value): IteratorResult<Value, undefined> {
    this.#left--;
    return { done: false, value };
  }

  #end(): void {
    this.#left = 0;
    this.#values.length = 0;
    for (const resolve of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  }
}
