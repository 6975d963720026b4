import { WHO_SPEAKS } from "../message/failures.ts";
import type { Message } from "../message/message.ts";
import type { PeerState } from "../message/peer.ts";
import { startTimer } from "../time/context.ts";

/** How long a peer may say nothing, in ms, while something waits for it, before that is told. */
const PATIENCE = 2000;

/** What is looked at of a peer. */
export interface SilentPeer {
  readonly id: string;
  readonly state: PeerState;
  /** What waits for its namespaces to open. */
  readonly openings: { readonly namespaces: readonly string[] };
  /** The messages that wait. */
  readonly unfinished: { unsettled(): Message[] };
}

/** Tells, once, that something waits for a peer that does not say hello. */
export class Silence {
  readonly #peer: SilentPeer;
  readonly #tell: (text: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #isTold = false;

  constructor(peer: SilentPeer, tell: (text: string) => void) {
    this.#peer = peer;
    this.#tell = tell;
  }

  /** Something waits for the peer. */
  watch(): void {
    if (this.#timer || this.#isTold || this.#peer.state !== "connecting") return;
    // A hello that a blocked loop has not read yet is read before the immediate.
    this.#timer = startTimer(() => setImmediate(this.#look), PATIENCE).unref();
  }

  /** It has said hello, or it never will. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const { id, state, openings } = this.#peer;
    if (state !== "connecting") return;
    const [first, ...others] = [
      ...this.#peer.unfinished.unsettled().map(({ event }) => `"${event}"`),
      ...openings.namespaces.map((namespace) => `ready() of "${namespace}"`),
    ];
    if (first === undefined) return;
    this.#isTold = true;
    const more = others.length > 0 ? ` and ${others.length} more wait` : " waits";
    const seconds = PATIENCE / 1000;
    this.#tell(
      `${first}${more} for ${id}, whose bus has not said hello for ${seconds} s: ${WHO_SPEAKS}`,
    );
  };
}
