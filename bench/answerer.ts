// The other end of a pair: answers, until its parent goes.
import { isMainThread } from "node:worker_threads";
import { type Answer, type Answers, LAST, type Setup } from "./side.ts";
import { loadSide } from "./sides/index.ts";

const ANSWERS: Record<Answers, Answer> = {
  echo: (payload) => payload,
  short: () => "done",
  never: (payload) => (payload === LAST ? "done" : new Promise(() => {})),
};

const setup = JSON.parse(process.argv[2] ?? "") as Setup;
const side = await loadSide(setup.side);
if (isMainThread) process.once("disconnect", () => process.exit());
side.serve(ANSWERS[setup.answers], setup);
