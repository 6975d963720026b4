// What the checks have in common that show figures: they take `[--short] [WORD]`.
import { parseArgs } from "node:util";
import { check } from "./checks.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: "boolean", default: false } },
});
/** Only the checks in whose titles this word is, if it is given. */
const [only = ""] = positionals;

/** Whether less of everything is wanted. */
export const short: boolean = values.short;

/** Runs a check, and says what it found, unless another one was asked for. */
export async function show(title: string, task: () => Promise<string>): Promise<void> {
  if (!title.includes(only)) return;
  await check(title, async () => console.log(`        ${await task()}`));
}
