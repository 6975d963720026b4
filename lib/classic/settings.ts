import type { Bus } from "../bus/bus.ts";
import { check } from "../errors/check.ts";

/** What its users may set, for all namespaces of classic. */
export class Settings {
  readonly #bus: Bus;
  #ackTimeout: number | undefined;
  #promises: PromiseConstructorLike = Promise;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** In ms; that of the bus, until it is set. */
  get ackTimeout(): number {
    return this.#ackTimeout ?? this.#bus.ackTimeout;
  }

  set ackTimeout(timeout: number) {
    this.#ackTimeout = check.timeout(timeout, "ackTimeout");
  }

  /** The class of the promises that `acknowledged` returns. */
  get Promise(): PromiseConstructorLike {
    return this.#promises;
  }

  set Promise(promises: PromiseConstructorLike) {
    check.function(promises, "clusterphone.Promise");
    this.#promises = promises;
  }
}
