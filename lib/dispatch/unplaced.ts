import { Message } from "../message/message.ts";
import type { Peer } from "../message/peer.ts";

/** What is told of a message that has found no peer. */
interface Lost {
  readonly event: string;
  readonly namespace: string;
  /** For texts. */
  readonly name: string;
  readonly label: string;
}

/** A message to any one of a group that ended before there was one for it. */
export class Unplaced extends Message {
  readonly direction = "outbound";
  readonly kind = "event";
  readonly name: string;

  constructor({ event, namespace, name, label }: Lost) {
    super(nobody(label), namespace, event, 0);
    this.name = name;
  }
}

/** Stands for the peer that was not found. */
function nobody(label: string): Peer {
  return {
    id: label,
    kind: "group",
    name: undefined,
    instance: undefined,
    host: undefined,
    pid: undefined,
    target: undefined,
    state: "connecting",
    protocolErrors: 0,
    writable: false,
    inFlight: 0,
    isReady: () => false,
    drained: () => Promise.resolve(),
    flush: () => undefined,
  };
}
