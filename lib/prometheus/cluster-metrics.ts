import { register as globalRegister } from "prom-client";
import type { Bus } from "../bus/bus.ts";
import { check, wrong } from "../errors/check.ts";
import { outside } from "../time/context.ts";
import { Above } from "./above.ts";
import { Collection } from "./collection.ts";
import { type Channel, type Events, NAMESPACE, shareOf } from "./events.ts";
import type { Register } from "./metric.ts";
import { pack } from "./sheet.ts";
import { textOf } from "./text.ts";
import { Union } from "./union.ts";

/** Options of `clusterMetrics`. */
export interface ClusterMetricsOptions {
  /** The registers of this process, prom-client's global one by default. `[]` if it has nothing to tell. */
  readonly register?: Register | readonly Register[];
  /** How long a scrape waits for the others, in ms; 500 by default. */
  readonly timeout?: number;
  /** Told why the metrics of a peer could not be had, other than by its end. */
  readonly onFailure?: (error: Error) => void;
}

const OPTIONS: readonly (keyof ClusterMetricsOptions)[] = ["register", "timeout", "onFailure"];
const DEFAULT_TIMEOUT = 500;
/** Prometheus itself would not wait so long. */
const MOST_TIMEOUT = 60_000;

/** The buses that have their metrics gathered: two would each answer half of the questions. */
const taken = new WeakSet<object>();

/** The metrics of this process and all its workers, children and threads, and of those of its parent. */
export class ClusterMetrics {
  readonly #channel: Channel;
  /** Says in what form the text is. */
  readonly #form: Register;
  readonly #timeout: number;
  readonly #collection: Collection;
  readonly #above: Above;
  readonly #union = new Union();
  /** Those that are being made, by their form: who asks meanwhile gets the same. */
  readonly #texts = new Map<string, Promise<string>>();

  /** @internal */
  constructor(bus: Bus, options: ClusterMetricsOptions) {
    const { register = globalRegister, timeout = DEFAULT_TIMEOUT, onFailure } = options;
    const registers = [register].flat();
    this.#form = registers[0] ?? globalRegister;
    this.#timeout = timeout;
    this.#channel = bus.ns<Events>(NAMESPACE);
    this.#collection = new Collection(this.#channel, registers, onFailure);
    this.#above = new Above(this.#channel, timeout);
    this.#answer();
  }

  /** What a server says of what `metrics` resolves to. */
  get contentType(): string {
    return this.#form.contentType;
  }

  /**
   * Resolves to one text for all, whichever of them is asked. Who does not answer in time is in it with what was last
   * known of it, and counted in `clusterphone_workers`. Rejects where the parent that gathers them all does not answer,
   * and with what a `collect` function of the process that gathers throws.
   */
  metrics(): Promise<string> {
    // On behalf of whoever asks meanwhile, so not within what one of them has.
    return outside(this.#shared, this, this.contentType, this.#timeout);
  }

  /**
   * Tells the parent the last values, and lets go of the channel: for a process that is about to end, or has nothing
   * more to tell. Does not reject.
   */
  async close(): Promise<void> {
    const parent = await this.#above.parent(this.#timeout).catch(() => undefined);
    if (parent) {
      const sheets = await this.#collection.gatherAnew(shareOf(this.#timeout)).catch(() => []);
      const told = this.#channel.to(parent).emit("farewell", pack(sheets, []));
      await told
        .within(this.#timeout)
        .ackd()
        .catch(() => undefined);
    }
    this.#collection.stop();
    await this.#channel.close({ timeout: this.#timeout });
    taken.delete(this.#channel.lifecycle);
  }

  #answer(): void {
    const gather = this.#collection.gather.bind(this.#collection);
    this.#channel.on("collect", async ({ known, within }) =>
      pack(await outside(gather, undefined, within), known),
    );
    this.#channel.on("farewell", (sheets, { peer }) => this.#collection.tell(peer, sheets));
    this.#channel.on("text", ({ contentType, within }) =>
      outside(this.#shared, this, contentType, Math.min(within, this.#timeout)),
    );
  }

  #shared(contentType: string, within: number): Promise<string> {
    const making = this.#texts.get(contentType);
    if (making) return making;
    const made = this.#make(contentType, within).finally(() => this.#texts.delete(contentType));
    this.#texts.set(contentType, made);
    return made;
  }

  async #make(contentType: string, within: number): Promise<string> {
    const parent = await this.#above.parent(within);
    if (!parent) return textOf(await this.#collection.gather(within), this.#union, contentType);
    const question = { contentType, within: shareOf(within) };
    return this.#channel.to(parent).emit("text", question).within(within).ackd();
  }
}

/**
 * Gathers the metrics of prom-client in this process and in all others that call it: workers, children, threads, and
 * theirs. Each process calls it once; a second time it throws an `Error`. Throws a `TypeError` for wrong options.
 */
export function clusterMetrics(bus: Bus, options: ClusterMetricsOptions = {}): ClusterMetrics {
  check.bus(bus, "the first argument of clusterMetrics()");
  check.options(options, "clusterMetrics()", OPTIONS);
  const { timeout = DEFAULT_TIMEOUT } = options;
  if (!(typeof timeout === "number" && timeout > 0 && timeout <= MOST_TIMEOUT)) {
    throw wrong("the option timeout", `milliseconds, from 1 to ${MOST_TIMEOUT}`, timeout);
  }
  if (options.onFailure !== undefined) check.function(options.onFailure, "the option onFailure");
  if (taken.has(bus.lifecycle)) {
    throw new Error("clusterMetrics() was called before: give all registers to one call");
  }
  taken.add(bus.lifecycle);
  return new ClusterMetrics(bus, options);
}
