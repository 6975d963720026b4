/** Names that a text tells; the rest is counted. */
const MOST_NAMED = 10;
/** Characters of each. */
const MOST_OF_NAME = 100;

/** Some names in words, for the text of an error; however many there are, and however long, it stays short. */
export function namesOf(names: readonly string[]): string {
  const told = names
    .slice(0, MOST_NAMED)
    .map((name) => JSON.stringify(name.slice(0, MOST_OF_NAME)));
  const others = names.length - told.length;
  return `${told.join(", ")}${others > 0 ? `, and ${others} more` : ""}`;
}
