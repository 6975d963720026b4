import type { Link } from "./link.ts";

/** Why waiting for frames keeps the process alive: the bus has listeners, a handle's fate is not known, or messages wait. */
type Reason = "listeners" | "handle" | "messages";

/** Holds a link as long as there is a reason to. */
export class Hold {
  readonly #link: Link;
  readonly #reasons = new Set<Reason>();
  #isHeld = false;
  #isOver = false;

  constructor(link: Link) {
    this.#link = link;
  }

  set(reason: Reason, alive: boolean): void {
    if (alive) this.#reasons.add(reason);
    else this.#reasons.delete(reason);
    if (!this.#isOver) this.#update(this.#reasons.size > 0);
  }

  /** Lets go: the link is somebody else's from now on. */
  end(): void {
    this.#isOver = true;
    this.#update(false);
  }

  /** Only what changes is told: somebody else may have let go of the channel meanwhile. */
  #update(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.#link.hold(isHeld);
  }
}
