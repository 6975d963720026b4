import { type Crossing, type Layer, SLOTS } from "./layer.ts";

const CROSSINGS: readonly Crossing[] = [
  "outbound event",
  "outbound ack",
  "inbound event",
  "inbound ack",
];

/** The layers of one namespace: for each crossing those that have something to do, in the order they run. */
export interface Chains extends Record<Crossing, readonly Layer[]> {
  guards: readonly Layer[];
  /** Something of the user's is among them. */
  isLayered: boolean;
}

/**
 * Which layers a message crosses. What was registered runs in that order on the way out and in reverse
 * on the way in; the built-ins stand at the wire's end, whatever was registered when.
 */
export class Layers {
  readonly #ownLayers: readonly Layer[];
  #used: { readonly layer: Layer; readonly namespace: string | undefined }[] = [];
  readonly #chains = new Map<string | undefined, Chains>();

  constructor(builtins: readonly Layer[]) {
    this.#ownLayers = builtins;
  }

  /** Adds a layer for one namespace, or for all. With a `slot` it replaces that built-in. */
  use(layer: Layer, namespace?: string): void {
    this.#used.push({ layer, namespace });
    for (const [name, chains] of this.#chains) Object.assign(chains, this.#compile(name));
  }

  /** Returns how to let go of a namespace that is closed: of what was used for it up to now. */
  closing(namespace: string): () => void {
    const closed = new Set(this.#used.filter((entry) => entry.namespace === namespace));
    return () => {
      this.#used = this.#used.filter((entry) => !closed.has(entry));
      this.#chains.delete(namespace);
    };
  }

  /** The chains of a namespace, of none in particular without a name. They follow what is used later. */
  of(namespace: string | undefined): Chains {
    let chains = this.#chains.get(namespace);
    if (!chains) {
      chains = this.#compile(namespace);
      this.#chains.set(namespace, chains);
    }
    return chains;
  }

  #compile(namespace: string | undefined): Chains {
    const used = this.#used
      .filter((entry) => entry.namespace === undefined || entry.namespace === namespace)
      .map((entry) => entry.layer);
    const builtins = SLOTS.map((slot) =>
      [...this.#ownLayers, ...used].findLast((layer) => layer.slot === slot),
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
      isLayered: used.some((layer) => !layer.slot),
    };
  }
}
