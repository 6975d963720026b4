import type { Middleware } from "../../lib/index.ts";
import { bus } from "../../lib/index.ts";
import { LAST, type Setup, type Side } from "../side.ts";

/** The bus as it comes: default options, with its bounds and timeouts. */
export const theBus: Side = {
  async connect(channel, setup) {
    useMiddlewares(setup);
    const peer = bus.to(channel as Parameters<typeof bus.to>[0]);
    await peer.emit("ask", LAST).ackd();
    return {
      request: (payload, done) => void peer.emit("ask", payload).ackd().then(done),
      send: (payload) => void peer.emit("ask", payload),
    };
  },

  serve(answer, setup) {
    useMiddlewares(setup);
    bus.on("ask", answer);
  },
};

function useMiddlewares({ middlewares }: Setup): void {
  for (let number = 0; number < (middlewares?.count ?? 0); number++) {
    const layer: Middleware =
      middlewares?.kind === "async"
        ? async (_message, next) => {
            await next();
          }
        : (_message, next) => next();
    bus.use(layer);
  }
}
