import { parentPort, type Worker } from "node:worker_threads";
import { expose, wrap } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { LAST, type Side } from "../side.ts";

interface Remote {
  ask(payload: unknown): unknown;
}

/** comlink between threads. It has no message without a reply. */
export const comlink: Side = {
  async connect(channel) {
    const remote = wrap<Remote>(nodeEndpoint(channel as Worker));
    await remote.ask(LAST);
    return { request: (payload, done) => void remote.ask(payload).then(done) };
  },

  serve(answer) {
    if (parentPort) expose({ ask: answer }, nodeEndpoint(parentPort));
  },
};
