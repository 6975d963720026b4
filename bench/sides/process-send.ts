import type { Side } from "../side.ts";
import { wireTo, wireToParent } from "../wire.ts";

interface Request {
  /** Left out where no reply is wanted. */
  readonly id?: number;
  readonly data: unknown;
}

interface Reply {
  readonly id: number;
  readonly reply?: unknown;
  readonly error?: string;
}

interface Pending {
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

/** What a competent user writes on `process.send`, or on `postMessage`: a map of what is pending. */
export const processSend: Side = {
  async connect(channel) {
    const wire = await wireTo(channel);
    const pending = new Map<number, Pending>();
    let lastId = 0;
    wire.listen((message) => {
      const { id, reply, error } = message as Reply;
      const waiting = pending.get(id);
      if (!waiting) return;
      pending.delete(id);
      if (error === undefined) waiting.resolve(reply);
      else waiting.reject(new Error(error));
    });
    const call = (data: unknown) =>
      new Promise<unknown>((resolve, reject) => {
        const id = ++lastId;
        pending.set(id, { resolve, reject });
        wire.send({ id, data });
      });
    return {
      request: (payload, done) => void call(payload).then(done),
      send: (data) => wire.send({ data }),
    };
  },

  serve(answer) {
    const wire = wireToParent((message) => {
      const { id, data } = message as Request;
      try {
        const reply = answer(data);
        if (id === undefined) return;
        if (reply instanceof Promise) void reply.then((late) => wire.send({ id, reply: late }));
        else wire.send({ id, reply });
      } catch (error) {
        wire.send({ id, error: String(error) });
      }
    });
  },
};
