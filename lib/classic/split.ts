import { decodeFrame, readAcks, readEvents } from "../wire/decode.ts";
import { Flag, FRAME_KEY, Item, type WireItem } from "../wire/protocol.ts";
import { isName } from "./v1.ts";

/** What of a frame is told in version 1's way, with its payloads, and the frame that is left, if any. */
export interface Split {
  readonly taken: readonly WireItem[];
  readonly rest: object | undefined;
}

/** Takes the items out of a frame for which `isTaken` holds. It sees their heads and names, but no payloads. */
export function splitFrame(frame: object, isTaken: (item: WireItem) => boolean): Split {
  const body = (frame as Record<string, unknown[]>)[FRAME_KEY] ?? [];
  const [number, text, beside] = body;
  const isText = typeof text === "string";
  const items = itemsOf(body).flatMap(singly);
  const taken = items.filter(isTaken);
  if (taken.length === 0) return { taken, rest: frame };
  // The payload beside the text belongs to the last item.
  const wrap = (some: WireItem[]) => {
    if (!isText) return [number, ...some];
    const hasLast = body.length > 2 && some.at(-1) === items.at(-1);
    return [number, JSON.stringify(some), ...(hasLast ? [beside] : [])];
  };
  const left = items.filter((item) => !taken.includes(item));
  return {
    rest: left.length > 0 ? { [FRAME_KEY]: wrap(left) } : undefined,
    taken: decodeFrame(wrap(taken)).items,
  };
}

/** The namespaces that a frame announces. It comes from a peer: what makes no sense announces nothing. */
export function announcedIn(body: unknown): string[] {
  if (!Array.isArray(body)) return [];
  try {
    return itemsOf(body).flatMap(announced).filter(isName);
  } catch {
    return [];
  }
}

function announced(item: WireItem): unknown {
  if (!Array.isArray(item)) return [];
  const [head, ready, , , namespaces] = item;
  if (head === Item.READY) return ready;
  return head === Item.HELLO ? namespaces : [];
}

/** The items of a body, their payloads as they stand there. */
export function itemsOf(body: readonly unknown[]): WireItem[] {
  const text = body[1];
  return (typeof text === "string" ? JSON.parse(text) : body.slice(1)) as WireItem[];
}

/** The members of a run as items of their own. */
function singly(item: WireItem): WireItem[] {
  const head = item[0] as number;
  if ((head & Flag.RUN) === 0) return [item];
  const kind = head & ~Flag.RUN;
  const items: WireItem[] = [];
  if ((head & 15) === Item.ACK) {
    readAcks(item, (id, reply) => items.push([kind, id, 0, reply]));
  } else {
    readEvents(item, ({ id, namespace, event, data }) => {
      items.push([kind, id, namespace, event, 0, data]);
    });
  }
  return items;
}
