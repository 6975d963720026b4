import cluster from "node:cluster";
import { isMainThread } from "node:worker_threads";
import type { Peer } from "../message/peer.ts";
import { inTime } from "../time/in-time.ts";
import type { Channel } from "./events.ts";

/** A worker of a cluster certainly has a primary, which may be busy, or have no bus: so long, in ms, it is waited for. */
const GRACE = 5000;

/** The parent, if it gathers metrics. It is not spoken to before it has been heard: it may have no bus. */
export class Above {
  readonly #channel: Channel;
  /** Resolves when the parent has been heard, or need not be waited for any more. */
  readonly #known: Promise<void>;
  #isKnown = false;

  constructor(channel: Channel, within: number) {
    this.#channel = channel;
    const canBe = !isMainThread || process.send !== undefined;
    const grace = canBe ? (cluster.isWorker ? GRACE : within) : 0;
    this.#known = this.#listen(grace);
  }

  /**
   * Resolves to the parent, or to nothing if there is none to ask. Rejects if that is not known yet after so many ms:
   * what this process alone has would look as if all others had lost theirs.
   */
  async parent(within: number): Promise<Peer | undefined> {
    if (!this.#isKnown) await inTime(this.#known, within);
    if (this.#isKnown) return this.#find();
    throw new Error("the metrics are gathered by the parent, which has not been heard yet");
  }

  #find(): Peer | undefined {
    const { peers, namespace } = this.#channel;
    return peers.find((peer) => peer.kind === "parent" && peer.isReady(namespace));
  }

  #listen(grace: number): Promise<void> {
    const { lifecycle } = this.#channel;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        lifecycle.off("ready", look);
        this.#isKnown = true;
        resolve();
      };
      const timer = setTimeout(done, grace).unref();
      const look = () => {
        if (grace === 0 || this.#find()) done();
      };
      lifecycle.on("ready", look);
      look();
    });
  }
}
