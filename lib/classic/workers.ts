import type { Cluster, Worker } from "node:cluster";
import type { Bus } from "../bus/bus.ts";
import type { Peer } from "../message/peer.ts";
import { native } from "../time/native.ts";

/** The cluster workers behind the peers of the primary. */
export class Workers {
  /** By the id of the peer. */
  readonly #workers = new Map<string, Worker>();

  /** Calls `online` when a namespace of a worker listens. */
  constructor(cluster: Cluster, bus: Bus, online: (worker: Worker, namespace: string) => void) {
    if (!cluster.isPrimary) return;
    cluster.on("fork", (worker: Worker) => this.#add(worker));
    for (const worker of Object.values(cluster.workers ?? {})) {
      if (worker) this.#add(worker);
    }
    bus.lifecycle.on("ready", (peer, namespace) => {
      const worker = this.#workers.get(peer.id);
      // After all that came with the same frame is known.
      if (worker) native.nextTick(online, worker, namespace);
    });
    bus.lifecycle.on("down", (peer) => this.#workers.delete(peer.id));
  }

  /** The worker that version 1's handlers expect; a peer that is none stands for itself. */
  of(peer: Peer): Worker | Peer {
    return this.#workers.get(peer.id) ?? peer;
  }

  /** The worker with that peer id, unless it is gone. */
  get(id: string): Worker | undefined {
    return this.#workers.get(id);
  }

  #add(worker: Worker): void {
    this.#workers.set(`worker:${worker.id}`, worker);
  }
}
