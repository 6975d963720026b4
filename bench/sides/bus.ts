import type { Middleware } from "../../lib/index.ts";
import { bus } from "../../lib/index.ts";
import { type Connection, LAST, type Setup, type Side } from "../side.ts";

/** The bus as it comes: default options, with its bounds and timeouts. */
export const theBus: Side = {
  async connect(channel, setup) {
    useMiddlewares(setup);
    return await connectionTo(bus.to(channel as Parameters<typeof bus.to>[0]));
  },

  serve(answer, setup) {
    useMiddlewares(setup);
    bus.on("ask", answer);
  },
};

/** What a bus sends to; one and any of several have this in common. */
type Target = Pick<ReturnType<typeof bus.any>, "emit">;

/** A connection by a bus, once the other end answers. */
export async function connectionTo(target: Target): Promise<Connection> {
  await target.emit("ask", LAST).ackd();
  return {
    request: (payload, done) => void target.emit("ask", payload).ackd().then(done),
    send: (payload) => void target.emit("ask", payload),
  };
}

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
