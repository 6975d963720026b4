import { once } from "node:events";
import type { Socket } from "node:net";
import type { Bus } from "../bus/bus.ts";
import type { Layer, Next } from "../chain/layer.ts";
import type { Message } from "../message/message.ts";
import type { Handle } from "../wire/handle.ts";

/**
 * Sockets that were sent while they were connecting, as version 1 documents it: `sendTo(worker, "socket", {}, net.createConnection(...))`.
 * A layer lets their messages wait, and with them what comes after, so that the order stays.
 */
export class Connecting {
  readonly #bus: Bus;
  #sockets: WeakSet<Handle> | undefined;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Called before the message is sent. */
  add(handle: Handle): void {
    if (!(handle as Socket).connecting) return;
    if (!this.#sockets) {
      this.#sockets = new WeakSet();
      this.#bus.use(this.#layerFor(this.#sockets));
    }
    this.#sockets.add(handle);
  }

  #layerFor(sockets: WeakSet<Handle>): Layer {
    const crossings = ["outbound event"] as const;
    return Object.assign(
      function connecting({ handle }: Message, next: Next) {
        if (!handle || !sockets.has(handle)) return next();
        return onceConnected(handle as Socket, next);
      },
      { crossings },
    );
  }
}

/** If it does not connect, the message is refused with the reason. */
async function onceConnected(socket: Socket, next: Next): Promise<void> {
  if (socket.connecting) {
    const closed = once(socket, "close").then(() => Promise.reject(new Error("it was closed")));
    await Promise.race([once(socket, "connect"), closed]);
  }
  await next();
}
