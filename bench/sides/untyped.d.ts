declare module "clusterphone-1.0.1" {
  /** What `sendTo` returns. */
  interface Sent {
    ackd(): Promise<unknown>;
  }

  const clusterphone: {
    readonly handlers: Record<
      string,
      (payload: unknown, handle: unknown, acknowledge: (reply: unknown) => void) => void
    >;
    sendTo(worker: unknown, command: string, payload: unknown): Sent;
  };
  export default clusterphone;
}

declare module "comlink/dist/esm/node-adapter.mjs" {
  import type { MessagePort, Worker } from "node:worker_threads";
  import type { Endpoint } from "comlink";

  export default function nodeEndpoint(port: Worker | MessagePort): Endpoint;
}
