import type { Crossing, Layer, Slot } from "./chain.ts";

/** The built-ins, from the user's end of the onion to the wire's. */
const SLOTS: readonly Slot[] = ["logging", "namespacing", "ackTracking", "queueing", "fdGuard"];

const CROSSINGS: readonly Crossing[] = [
  "outbound event",
  "outbound ack",
  "inbound event",
  "inbound ack",
];

/** The layers of one namespace: for each crossing those that have something to do, in the order they run. */
interface Compiled extends Record<Crossing, readonly Layer[]> {
  readonly guards: readonly Layer[];
}

/**
 * Which layers a message crosses. What was registered runs in that order on the way out and in reverse
 * on the way in; the built-ins stand at the wire's end, whatever was registered when.
 */
export class Layers {
  readonly #builtins: readonly Layer[];
  readonly #used: { readonly layer: Layer; readonly namespace: string | undefined }[] = [];
  readonly #compiled = new Map<string | undefined, Compiled>();

  constructor(builtins: readonly Layer[]) {
    this.#builtins = builtins;
  }

  /** Adds a layer for one namespace, or for all. With a `slot` it replaces that built-in. */
  use(layer: Layer, namespace?: string): void {
    this.#used.push({ layer, namespace });
    this.#compiled.clear();
  }

  /** The layers of a namespace; of none in particular if it is not named. */
  of(namespace: string | undefined): Compiled {
    let compiled = this.#compiled.get(namespace);
    if (!compiled) {
      compiled = this.#compile(namespace);
      this.#compiled.set(namespace, compiled);
    }
    return compiled;
  }

  #compile(namespace: string | undefined): Compiled {
    const used = this.#used
      .filter((entry) => entry.namespace === undefined || entry.namespace === namespace)
      .map((entry) => entry.layer);
    const builtins = SLOTS.map((slot) =>
      [...this.#builtins, ...used].findLast((layer) => layer.slot === slot),
    );
    const outbound = [...used.filter((layer) => !layer.slot), ...builtins].filter(
      (layer) => layer !== undefined,
    );
    const inbound = outbound.toReversed();
    const lists = CROSSINGS.map((crossing) => [
      crossing,
      (crossing.startsWith("outbound") ? outbound : inbound).filter(
        (layer) => layer.crossings?.includes(crossing) ?? true,
      ),
    ]);
    return {
      ...(Object.fromEntries(lists) as Record<Crossing, Layer[]>),
      guards: outbound.filter((layer) => layer.guard),
    };
  }
}
