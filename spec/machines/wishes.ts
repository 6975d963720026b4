// What a check and a member of a mesh say to each other, past the mesh.

/** Which member is meant. */
export interface Place {
  readonly name: string;
  readonly instance: string;
}

/** Numbers of one sender are all below those of the next one, so far apart. */
export const APART: number = 10 ** 8;

/** Numbered messages of so many bytes to a member, so many at a time, from the number after `last` on. */
export interface LoadWish {
  readonly to: Place;
  readonly depth: number;
  readonly bytes: number;
  readonly last: number;
}

/** Messages of so many bytes to a member for so many ms, as many as there is time for, from the number after `last` on. */
export interface FloodWish {
  readonly to: Place;
  readonly bytes: number;
  readonly milliseconds: number;
  readonly last: number;
}

/** What became of a flood. */
export interface Flooded {
  /** What was said of each message: a letter each, of yes, no and maybe. */
  readonly executed: string;
  /** Bytes that the resident set has grown by at its highest. */
  readonly growth: number;
}

/** What became of a message, and what its error says. */
export type Told = readonly [id: number, executed: "yes" | "no" | "maybe", message: string];

export interface Wishes {
  /** The instances that it knows. */
  known(): string[];
  /** Whom it saw come and go, since it was asked last. */
  seen(): string[];
  load(wish: LoadWish): void;
  answered(count: number): void;
  /** Ends the load. */
  stop(): Told[];
  flood(wish: FloodWish): Flooded;
  /** Sends all kinds of values to another that sends them back, and tells which did not come back as they should. */
  echo(to: Place): string[];
  /** It asks somebody who never answers. */
  call(to: Place): void;
  /** Leaves the mesh, and tells the time at which it began to, in ms of the clock that all processes have in common. */
  leave(): number;
  join(): void;
}

/** In ms, the same in all processes of this machine. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
