/** Values looked at, at most; the size of what is beyond is guessed from what was seen. */
const MOST_LOOKS = 128;
/** Elements of a list that are looked at. */
const SAMPLE = 8;

/**
 * About how many bytes a payload takes, at the cost of a look: exact for texts and bytes, by sample for long
 * lists. What must be exact is encoded.
 */
export function estimateSize(payload: unknown): number {
  if (payload === undefined) return 0;
  if (typeof payload === "string") return payload.length;
  if (typeof payload !== "object") return 8;
  try {
    return estimate(payload, { looks: MOST_LOOKS });
  } catch {
    // It cannot be read; encoding it says so, to whom it concerns.
    return 8;
  }
}

function estimate(value: unknown, budget: { looks: number }): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 8;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  if (budget.looks <= 0) return 64;
  return Array.isArray(value) ? estimateList(value, budget) : estimateObject(value, budget);
}

function estimateList(list: unknown[], budget: { looks: number }): number {
  const looks = Math.min(list.length, SAMPLE);
  let size = 0;
  for (let index = 0; index < looks; index++) {
    budget.looks--;
    size += estimate(list[Math.floor((index * list.length) / looks)], budget) + 1;
  }
  return looks === 0 ? 2 : (size * list.length) / looks;
}

function estimateObject(object: object, budget: { looks: number }): number {
  let size = 2;
  let { looks } = budget;
  for (const key in object) {
    if (looks-- <= 0) return size * 2;
    const value = (object as Record<string, unknown>)[key];
    size += key.length + 4;
    if (typeof value === "string") {
      size += value.length + 2;
    } else if (typeof value !== "object" || value === null) {
      size += 8;
    } else {
      budget.looks = looks;
      size += estimate(value, budget);
      looks = budget.looks;
    }
  }
  budget.looks = looks;
  return size;
}
