/** The kinds of payload, by what they are about as long as in JSON. */
export type PayloadKind =
  | "100 B"
  | "1 KB"
  | "10 KB"
  | "100 KB"
  | "1 MB"
  | "1 MB string"
  | "1 MB Buffer";

/**
 * Some payloads of a kind, to be taken in turn. They are distinct objects: one object twice in a frame would
 * be encoded once, which no real load does.
 */
export function payloadsOf(kind: PayloadKind): unknown[] {
  switch (kind) {
    case "100 B":
      return list(2048, (seed) => row(seed, "a short note on them"));
    case "1 KB":
      return list(256, (seed) => rows(seed, 13));
    case "10 KB":
      return list(64, (seed) => rows(seed, 130));
    case "100 KB":
      return list(16, (seed) => rows(seed, 1300));
    case "1 MB":
      return list(8, (seed) => rows(seed, 13_000));
    case "1 MB string":
      return list(8, (seed) => `${seed} lorem ipsum `.repeat(2 ** 20 / 14).slice(0, 2 ** 20));
    case "1 MB Buffer":
      return list(8, (seed) => Buffer.alloc(2 ** 20, seed + 1));
  }
}

function list(length: number, make: (seed: number) => unknown): unknown[] {
  return Array.from({ length }, (_, seed) => make(seed));
}

function rows(seed: number, count: number): object {
  return { rows: list(count, (index) => row(seed + index, "some words")) };
}

function row(id: number, note: string): object {
  return { id: 10_000 + id, name: "Ada Lovelace", score: id / 8, active: true, note };
}
