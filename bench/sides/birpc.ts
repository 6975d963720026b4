import { createBirpc } from "birpc";
import type { Answer, Side } from "../side.ts";
import { wireTo, wireToParent } from "../wire.ts";

interface Remote {
  ask(payload: unknown): unknown;
}

/** birpc with its defaults, a time limit of 60 s among them. */
export const birpc: Side = {
  async connect(channel) {
    const wire = await wireTo(channel);
    const remote = createBirpc<Remote>({}, { post: wire.send, on: wire.listen });
    return {
      request: (payload, done) => void remote.ask(payload).then(done),
      send: (payload) => void remote.ask.asEvent(payload),
    };
  },

  serve(answer: Answer) {
    let receive: ((message: unknown) => void) | undefined;
    const wire = wireToParent((message) => receive?.(message));
    createBirpc<Record<never, never>, Remote>(
      { ask: answer },
      {
        post: wire.send,
        on: (listener) => {
          receive = listener;
        },
      },
    );
  },
};
