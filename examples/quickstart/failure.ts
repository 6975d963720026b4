import type { BusError } from "clusterphone";

/** The error that a question ends with. An answer would be a surprise here, and ends the example. */
export function failureOf(question: Promise<unknown>): Promise<BusError> {
  return question.then(
    (answer) => {
      throw new Error(`it should have failed, but was answered: ${String(answer)}`);
    },
    (error: BusError) => error,
  );
}
