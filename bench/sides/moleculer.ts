import moleculer_ from "moleculer";
import { served } from "../nats.ts";
import type { Setup, Side } from "../side.ts";

/** Version 0.15 over its own NATS transporter, with its defaults but for the log. */
export const moleculer: Side = {
  async connect(channel, setup) {
    await served(channel);
    const broker = brokerOf(setup, "caller");
    await broker.start();
    await broker.waitForServices("bench");
    // What is no object cannot be parameters.
    return {
      request: (payload, done) => void broker.call("bench.ask", { payload }).then(done),
    };
  },

  async serve(answer, setup) {
    const broker = brokerOf(setup, "answerer");
    broker.createService({
      name: "bench",
      actions: {
        ask: ({ params }: { params: { payload: unknown } }) => answer(params.payload),
      },
    });
    await broker.start();
  },
};

function brokerOf({ nats }: Setup, nodeID: string) {
  return new moleculer_.ServiceBroker({
    namespace: nats?.prefix ?? "",
    nodeID,
    transporter: { type: "NATS", options: { url: nats?.server ?? "" } },
    logger: false,
  });
}
