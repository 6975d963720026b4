import clusterphone from "clusterphone-1.0.1";
import { LAST, type Side } from "../side.ts";

/** The ancestor, which speaks from a cluster's primary to its workers only. It has no message without an ack. */
export const clusterphone1: Side = {
  async connect(worker) {
    await clusterphone.sendTo(worker, "ask", LAST).ackd();
    return {
      request: (payload, done) =>
        void clusterphone.sendTo(worker, "ask", payload).ackd().then(done),
      send: (payload) => void clusterphone.sendTo(worker, "ask", payload),
    };
  },

  serve(answer) {
    clusterphone.handlers["ask"] = (payload, _handle, acknowledge) => acknowledge(answer(payload));
  },
};
