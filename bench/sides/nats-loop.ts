import { connectionOf, served, subjectOf } from "../nats.ts";
import type { Side } from "../side.ts";

interface Request {
  /** Left out where no reply is wanted. */
  readonly id?: number;
  /** Where the reply goes. */
  readonly to?: string;
  readonly data: unknown;
}

interface Reply {
  readonly id: number;
  readonly reply: unknown;
}

/** What a competent user writes on `publish` and `subscribe`: a map of what is pending, and one subject for all replies. */
export const natsLoop: Side = {
  async connect(channel, setup) {
    await served(channel);
    const connection = await connectionOf(setup);
    const there = subjectOf(setup, "requests");
    const to = subjectOf(setup, "replies");
    const pending = new Map<number, (reply: unknown) => void>();
    let lastId = 0;
    connection.subscribe(to, {
      callback: (_error, message) => {
        const { id, reply } = message.json<Reply>();
        const resolve = pending.get(id);
        pending.delete(id);
        resolve?.(reply);
      },
    });
    await connection.flush();
    const call = (data: unknown) =>
      new Promise<unknown>((resolve) => {
        const id = ++lastId;
        pending.set(id, resolve);
        connection.publish(there, JSON.stringify({ id, to, data }));
      });
    return {
      request: (payload, done) => void call(payload).then(done),
      send: (data) => connection.publish(there, JSON.stringify({ data })),
    };
  },

  async serve(answer, setup) {
    const connection = await connectionOf(setup);
    connection.subscribe(subjectOf(setup, "requests"), {
      callback: (_error, message) => {
        const { id, to, data } = message.json<Request>();
        const reply = answer(data);
        if (to !== undefined) connection.publish(to, JSON.stringify({ id, reply }));
      },
    });
    await connection.flush();
  },
};
