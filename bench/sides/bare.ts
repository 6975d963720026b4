import type { Framing, Side } from "../side.ts";
import { wireTo, wireToParent } from "../wire.ts";

type Done = (reply: unknown) => void;

/** An id and a payload; no id where no reply is wanted. */
type Item = readonly [id: number, payload: unknown];
const NO_REPLY = 0;

/**
 * The ceiling: the messages of one tick share frames, a frame is answered by a frame, and every caller gets
 * a promise, as from all other sides. No timeouts, no errors, no bounds.
 */
export const bare: Side = {
  async connect(channel, setup) {
    const wire = await wireTo(channel);
    const pending = new Map<number, Done>();
    let framing: Framing = { most: 64, form: "objects" };
    let frame: Item[] = [];
    let lastId = 0;
    let scheduled = false;

    const write = () => {
      wire.send(framing.form === "text" ? JSON.stringify(frame) : frame);
      frame = [];
    };
    const endTick = () => {
      scheduled = false;
      if (frame.length > 0) write();
    };
    const push = (id: number, payload: unknown) => {
      frame.push([id, payload]);
      if (frame.length >= framing.most) {
        write();
      } else if (!scheduled) {
        scheduled = true;
        process.nextTick(endTick);
      }
    };
    wire.listen((message) => {
      for (const [id, reply] of itemsOf(message)) {
        const done = pending.get(id);
        pending.delete(id);
        done?.(reply);
      }
    });
    const request = (payload: unknown, done: Done) => {
      const id = ++lastId;
      pending.set(id, done);
      push(id, payload);
    };
    const call = (payload: unknown) => new Promise<unknown>((resolve) => request(payload, resolve));
    return {
      request:
        setup.promises === false ? request : (payload, done) => void call(payload).then(done),
      send: (payload) => push(NO_REPLY, payload),
      tune(chosen) {
        framing = chosen;
      },
    };
  },

  serve(answer) {
    const wire = wireToParent((message) => {
      const replies: Item[] = [];
      for (const [id, payload] of itemsOf(message)) {
        const reply = answer(payload);
        if (id !== NO_REPLY) replies.push([id, reply]);
      }
      if (replies.length === 0) return;
      wire.send(typeof message === "string" ? JSON.stringify(replies) : replies);
    });
  },
};

function itemsOf(message: unknown): readonly Item[] {
  return (typeof message === "string" ? JSON.parse(message) : message) as Item[];
}
