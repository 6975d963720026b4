import type { Link } from "./link.ts";

/** Why waiting for frames keeps the process alive: the bus has listeners, or a handle's fate is not known. */
type Reason = "listeners" | "handle";

/** Holds a link as long as there is a reason to. */
export class Hold {
  readonly #link: Link;
  readonly #reasons = new Set<Reason>();

  constructor(link: Link) {
    this.#link = link;
  }

  set(reason: Reason, alive: boolean): void {
    if (alive) this.#reasons.add(reason);
    else this.#reasons.delete(reason);
    this.#link.hold(this.#reasons.size > 0);
  }
}
