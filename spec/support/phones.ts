import { createRequire } from "node:module";
import type { Clusterphone } from "../../lib/classic/types.ts";

const require = createRequire(import.meta.url);

/** Which copies a process loads, in that order: `classic`, `1.0.1`, `0.1.0-4`, or several, as in `1.0.1+classic`. */
export type Copies = string;

/** Loads copies of clusterphone, the first of which is used. */
export function load(copies: Copies): Clusterphone {
  const [first] = copies
    .split("+")
    .map((copy) => require(copy === "classic" ? "clusterphone/classic" : `clusterphone-${copy}`));
  return first as Clusterphone;
}
