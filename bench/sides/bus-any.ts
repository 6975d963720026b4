import { bus } from "../../lib/index.ts";
import type { Side } from "../side.ts";
import { theBus } from "./bus.ts";

/** Whichever worker is free: every connection leads to all of them. */
export const anyOfTheBus: Side = {
  async connect(channel, setup) {
    await theBus.connect(channel, setup);
    const { concurrency = Infinity } = setup;
    const workers = bus.any("workers", { concurrency });
    return { request: (payload, done) => void workers.emit("ask", payload).ackd().then(done) };
  },

  serve: (answer, setup) => theBus.serve(answer, setup),
};
