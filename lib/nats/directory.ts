import { KnownMember } from "./member.ts";
import type { Sign } from "./sign.ts";
import { keyOf, type Place } from "./subjects.ts";

/** More are not believed: strangers may make up any number. */
const MOST_MEMBERS = 10_000;

/** What a directory asks of the mesh. */
export interface DirectoryAsked {
  /** By the clock of the mesh, in ms. */
  readonly now: number;
  joined(member: KnownMember): void;
  /** It has said that it leaves. */
  leaves(member: KnownMember): void;
  /** Two that live call themselves the same; the first is meant from now on. */
  conflict(latest: KnownMember, earlier: KnownMember): void;
}

/** Who is there. */
export class Directory {
  readonly #asked: DirectoryAsked;
  readonly #byKey = new Map<string, KnownMember>();

  constructor(asked: DirectoryAsked) {
    this.#asked = asked;
  }

  get members(): KnownMember[] {
    return [...this.#byKey.values()];
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): KnownMember | undefined {
    return this.#byKey.get(key);
  }

  /** The latest that calls itself so, and does not leave. */
  find(name: string, instance: string): KnownMember | undefined {
    return this.members.findLast(
      (each) => each.name === name && each.instance === instance && !each.isLeaving,
    );
  }

  /** A sign of life. */
  hear(place: Place, sign: Sign): void {
    const key = keyOf(place);
    const known = this.#byKey.get(key);
    if (sign.what === "leaves") {
      if (known && !known.isLeaving) this.#asked.leaves(known);
      return;
    }
    if (known) {
      known.told = sign;
      known.heard(this.#asked.now);
      return;
    }
    if (this.#byKey.size >= MOST_MEMBERS) return;
    const earlier = this.find(place.name, sign.instance);
    const member = new KnownMember(key, place.name, sign, this.#asked.now);
    this.#byKey.set(key, member);
    this.#asked.joined(member);
    if (earlier) this.#asked.conflict(member, earlier);
  }

  forget(member: KnownMember): void {
    this.#byKey.delete(member.key);
  }
}
