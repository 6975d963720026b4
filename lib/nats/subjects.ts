import { BUS_NAME } from "../errors/check.ts";

/** A process, as its subjects name it. */
export interface Place {
  /** What its bus is called. */
  readonly name: string;
  /** Random, of this process and this join alone. */
  readonly id: string;
}

/** In what is subscribed to, for the key of any process. */
export const ANY_KEY = "*.*";

const NAME = BUS_NAME.source.slice(1, -1);
const KEY = new RegExp(`^${NAME}\\.${NAME}$`);

/**
 * The subjects of a mesh. Whoever publishes is named in them, so that the permissions of a server can see to it that nobody
 * speaks as another, and whoever reads, so that nobody reads what is for another:
 *
 * - `P.here.from.<name>.<id>` says to everybody who is there,
 * - `P.here.to.<name>.<id>.<name>.<id>` says so to one who has asked, the first two,
 * - `P.to.<name>.<id>.<name>.<id>` is for the first from the second,
 * - `P.none.<name>.<id>.<name>.<id>` tells the first that nobody is there to take what is for the second.
 */
export class Subjects {
  readonly #prefix: string;
  /** The key of this process. */
  readonly mine: string;

  constructor(prefix: string, me: Place) {
    this.#prefix = prefix;
    this.mine = keyOf(me);
  }

  /** To be published to. */
  get toAll(): string {
    return `${this.#prefix}.here.from.${this.mine}`;
  }

  toAsker(place: string): string {
    return `${this.#prefix}.here.to.${place}.${this.mine}`;
  }

  to(place: string): string {
    return `${this.#prefix}.to.${place}.${this.mine}`;
  }

  /** Where a server replies that nobody takes what is for that one. */
  noneAt(place: string): string {
    return `${this.#prefix}.none.${this.mine}.${place}`;
  }

  /** To be subscribed to. */
  get fromAll(): string {
    return `${this.#prefix}.here.from.${ANY_KEY}`;
  }

  get answers(): string {
    return `${this.#prefix}.here.to.${this.mine}.${ANY_KEY}`;
  }

  get mail(): string {
    return `${this.#prefix}.to.${this.mine}.${ANY_KEY}`;
  }

  get nones(): string {
    return `${this.#prefix}.none.${this.mine}.${ANY_KEY}`;
  }
}

/** Name and id as one part of a subject, and as the key of a process. */
export function keyOf({ name, id }: Place): string {
  return `${name}.${id}`;
}

/** The key of a process, read. */
export function placeOf(key: string): Place {
  const dot = key.indexOf(".");
  return { name: key.slice(0, dot), id: key.slice(dot + 1) };
}

/** Whether it may be the key of a process. */
export function isKey(key: string): boolean {
  return KEY.test(key);
}

/** Whether it may be a name, an instance or an id. */
export function isPart(text: unknown): text is string {
  return typeof text === "string" && BUS_NAME.test(text);
}
