// The other end of a pair: answers, until its parent goes.
import { isMainThread } from "node:worker_threads";
import { type Answer, type Answers, LAST, type Setup } from "./side.ts";
import { loadSide } from "./sides/index.ts";
import type { Work } from "./spread.ts";
import { SERVES } from "./worker.ts";

const ANSWERS: Record<Answers, Answer> = {
  echo: (payload) => payload,
  short: () => "done",
  never: (payload) => (payload === LAST ? "done" : new Promise(() => {})),
  work: (payload) => (payload === LAST ? "done" : work(Number(payload))),
};

const setup = JSON.parse(process.argv[2] ?? "") as Setup;
const side = await loadSide(setup.side);
if (isMainThread) process.once("disconnect", () => process.exit());
await side.serve(ANSWERS[setup.answers], setup);
if (setup.carrier === "nats") {
  process.stdin.once("end", () => process.exit()).resume();
  process.stdout.write(SERVES);
}

/**
 * Blocks the thread as computing does, but takes no processor: more of them than there are processors do not slow each
 * other down. Returns which worker it was, and the milliseconds that it really took.
 */
function work(milliseconds: number): Work {
  const { worker = 0, slownesses = [] } = setup;
  const start = performance.now();
  const cell = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(cell, 0, 0, milliseconds * (slownesses[worker] ?? 1));
  return [worker, performance.now() - start];
}
