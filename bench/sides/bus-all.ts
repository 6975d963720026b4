import { bus } from "../../lib/index.ts";
import type { Side } from "../side.ts";
import { theBus } from "./bus.ts";

/** All workers at once. */
export const allOfTheBus: Side = {
  async connect(channel, setup) {
    const one = await theBus.connect(channel, setup);
    const workers = bus.all("workers");
    return {
      ...one,
      requestAll: (payload, done) => void workers.emit("ask", payload).ackd().then(done),
    };
  },

  serve: (answer, setup) => theBus.serve(answer, setup),
};
