// A thread that can be blocked, and notes what arrives meanwhile.
import { bus } from "../../lib/index.ts";

const numbers: number[] = [];
bus.on("block", (gate: Int32Array) => {
  Atomics.wait(gate, 0, 0);
});
bus.on("note", (data: { number: number }) => {
  numbers.push(data.number);
});
bus.on("noted", () => numbers);
