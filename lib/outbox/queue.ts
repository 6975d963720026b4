import { outside } from "../time/context.ts";
import { native } from "../time/native.ts";
import type { Parcel } from "../wire/parcel.ts";
import { Progress } from "./progress.ts";

/** What waits to be written to one peer, in order. What settles meanwhile is let go. */
export class Queue {
  readonly progress: Progress = new Progress();
  /** From here on the parcels may not have been read. */
  unreadFrom = 0;
  /** From here on they may not be held: they are about to be sent. */
  unheldFrom = 0;
  #parcels: Parcel[] = [];
  /** How many of them, at most, have settled meanwhile. */
  #abandoned = 0;
  #isLettingGo = false;

  get parcels(): Parcel[] {
    return this.#parcels;
  }

  push(parcel: Parcel): void {
    this.#parcels.push(parcel);
    this.progress.enter();
  }

  /** The first so many have been dealt with. */
  shift(count: number): void {
    this.#parcels = count === this.#parcels.length ? [] : this.#parcels.slice(count);
    this.unheldFrom = Math.max(0, this.unheldFrom - count);
    if (this.#parcels.length === 0) this.#abandoned = 0;
  }

  /** These have been dealt with in vain. */
  putBack(parcels: readonly Parcel[]): void {
    this.#parcels = [...parcels, ...this.#parcels];
    this.unheldFrom += parcels.length;
    this.unreadFrom += parcels.length;
  }

  clear(): void {
    this.#parcels = [];
  }

  /**
   * A parcel has settled before it was written. What has is let go when it is the greater part, and so costs
   * no more than it did to wait.
   */
  abandoned(): void {
    this.#abandoned++;
    if (this.#isLettingGo || this.#abandoned * 2 <= this.#parcels.length) return;
    this.#isLettingGo = true;
    // Not while they are read or written.
    outside(native.queueMicrotask, undefined, () => this.#letAbandonedGo());
  }

  #letAbandonedGo(): void {
    const kept: Parcel[] = [];
    const { unreadFrom, unheldFrom } = this;
    for (const [index, parcel] of this.#parcels.entries()) {
      if (!parcel.abandoned) {
        kept.push(parcel);
        continue;
      }
      this.progress.leaveOut(kept.length);
      if (index < unreadFrom) this.unreadFrom--;
      if (index < unheldFrom) this.unheldFrom--;
    }
    this.#parcels = kept;
    this.#abandoned = 0;
    this.#isLettingGo = false;
  }
}
