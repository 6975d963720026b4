import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { turn } from "./buses.ts";

let collect: (() => void) | undefined;

/** So many turns, and collections, are enough for whatever is about to let go. */
const MOST_TURNS = 20;

/** Resolves to how many of them are still held, when none is or nothing lets go any more. */
export async function countHeld(references: readonly WeakRef<object>[]): Promise<number> {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  for (let turns = 0; turns < MOST_TURNS; turns++) {
    await turn();
    collect();
  }
  return references.filter((reference) => reference.deref() !== undefined).length;
}
