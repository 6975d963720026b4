import { KnownMember } from "./member.ts";
import { readSign, type Sign } from "./sign.ts";
import { placeOf } from "./subjects.ts";

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

  /** A sign of life of a process, as it was written; tells what it says, or nothing if it is none. */
  hear(key: string, text: string): Sign["what"] | undefined {
    const known = this.#byKey.get(key);
    // Most say what the last one has said.
    if (known?.sign === text) {
      known.heard(this.#asked.now);
      return "is";
    }
    const sign = readSign(text);
    if (!sign) return undefined;
    if (sign.what === "leaves") {
      if (known && !known.isLeaving) this.#asked.leaves(known);
    } else if (known) {
      known.told = sign;
      // What it tells when it asks may differ: the text before that says something new then.
      known.sign = sign.what === "is" ? text : undefined;
      known.heard(this.#asked.now);
    } else {
      this.#list(key, sign);
    }
    return sign.what;
  }

  #list(key: string, sign: Sign): void {
    if (this.#byKey.size >= MOST_MEMBERS) return;
    const { name } = placeOf(key);
    const earlier = this.find(name, sign.instance);
    const member = new KnownMember(key, name, sign, this.#asked.now);
    this.#byKey.set(key, member);
    this.#asked.joined(member);
    if (earlier) this.#asked.conflict(member, earlier);
  }

  forget(member: KnownMember): void {
    this.#byKey.delete(member.key);
  }
}
