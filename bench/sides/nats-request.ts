import { connectionOf, served, subjectOf } from "../nats.ts";
import type { Side } from "../side.ts";

/** Requests and messages as the client of NATS has them. */
export const natsRequest: Side = {
  async connect(channel, setup) {
    await served(channel);
    const connection = await connectionOf(setup);
    const there = subjectOf(setup, "requests");
    const call = async (payload: unknown) => {
      const reply = await connection.request(there, JSON.stringify(payload), { timeout: 30_000 });
      return reply.json();
    };
    return {
      request: (payload, done) => void call(payload).then(done),
      send: (payload) => connection.publish(there, JSON.stringify(payload)),
    };
  },

  async serve(answer, setup) {
    const connection = await connectionOf(setup);
    connection.subscribe(subjectOf(setup, "requests"), {
      callback: (_error, message) => {
        const reply = answer(message.json());
        if (message.reply) message.respond(JSON.stringify(reply));
      },
    });
    await connection.flush();
  },
};
