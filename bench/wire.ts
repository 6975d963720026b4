import type { ChildProcess } from "node:child_process";
import { parentPort, Worker as Thread } from "node:worker_threads";
import type { Channel } from "./side.ts";

/** A channel as its users see it, whichever it is: what the hand-written sides are written on. */
export interface Wire {
  send(message: unknown): void;
  listen(listener: (message: unknown) => void): void;
}

/** What a child says once it listens: a cluster worker loses what was sent before. */
const LISTENS = "listens";

/** The measured end; resolves when the other end listens. */
export function wireTo(channel: Channel): Promise<Wire> {
  const wire: Wire =
    channel instanceof Thread
      ? {
          send: (message) => channel.postMessage(message),
          listen: (listener) => channel.on("message", listener),
        }
      : {
          send: (message) => (channel as ChildProcess).send(message as object),
          listen: (listener) => (channel as ChildProcess).on("message", listener),
        };
  return new Promise((resolve) => {
    const emitter = channel as ChildProcess;
    emitter.on("message", function first(message) {
      if (message !== LISTENS) return;
      emitter.off("message", first);
      resolve(wire);
    });
  });
}

/** The other end, which tells that it listens. */
export function wireToParent(listener: (message: unknown) => void): Wire {
  const port = parentPort;
  const wire: Wire = port
    ? {
        send: (message) => port.postMessage(message),
        listen: (each) => port.on("message", each),
      }
    : {
        send: (message) => process.send?.(message),
        listen: (each) => process.on("message", each),
      };
  wire.listen(listener);
  wire.send(LISTENS);
  return wire;
}
