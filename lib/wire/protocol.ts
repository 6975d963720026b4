/** The one key of our frames. Everything else on a channel is somebody else's. */
export const FRAME_KEY = "clusterphone2";

/** The protocol this version speaks. Majors do not mix; newer minors add things that can be ignored. */
export const PROTOCOL = { major: 2, minor: 0 } as const;

/** The bits of a head that say what an item is. */
export const KIND = 15;

/** What an item of a frame is. */
export const Item = {
  HELLO: 0,
  READY: 1,
  EVENT: 2,
  ACK: 3,
  /** Asks whether the handle sent just before has arrived. */
  HANDLE_CHECK: 4,
  HANDLE_RESULT: 5,
  CANCEL: 6,
  /** No more messages are accepted: of a namespace (by name) or of any (0). With what `ClosingStep` says. */
  CLOSING: 7,
} as const;

/** At which end of a link a bus is: the parent's, the child's, or one of two that are equal. */
export const Seat = { PARENT: 1, CHILD: 2, EQUAL: 3 } as const;

/** The steps of a close. What comes before an answer to the first on the channel was sent before it was seen. */
export const ClosingStep = { ANNOUNCED: 0, SEEN: 1, GONE: 2 } as const;

/** What else the head of an item says. */
export const Flag = {
  /** The sender of an event waits for an ack. */
  WANTS_ACK: 16,
  /** An ack is a failure. */
  FAILURE: 32,
  /** The payload is a JSON text, or v8 bytes beside the text of the frame, encoded before its frame. */
  ENCODED: 64,
  /** The payload stands beside the JSON text of the frame. */
  BESIDE: 128,
  /** A handle travels with the event. */
  HANDLE: 256,
  /**
   * A run of events with the same names, or of acks, whose ids follow each other and that have nothing but a
   * payload: head, first id, names if they are events, payloads.
   */
  RUN: 512,
} as const;

/** An item: its head, then what belongs to its kind, the payload last and only if there is one. */
export type WireItem = unknown[];

/** Optional parts of an event or ack. */
export interface Meta {
  /** Headers. */
  readonly h?: Record<string, string>;
  /** Milliseconds left of a deadline that was set for the message. */
  readonly d?: number;
  /** 1 if the sender may cancel. */
  readonly s?: 1;
  /** 1 if no listener ran, as a middleware has replied. */
  readonly u?: 1;
  /** Bytes that were read from the socket before it was sent, as base64. */
  readonly b?: string;
}

/** Whether what a 'message' listener was given is a frame of the bus, and nobody else's business. */
export function isFrame(message: unknown): boolean {
  return bodyOf(message) !== undefined;
}

/** The body of a frame of ours; `undefined` if a message on the channel is none. */
export function bodyOf(message: unknown): { body: unknown } | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  if (!Object.hasOwn(message, FRAME_KEY)) return undefined;
  // A frame has that one key; what has others too is somebody's own.
  for (const key in message) if (key !== FRAME_KEY && Object.hasOwn(message, key)) return undefined;
  return { body: (message as Record<string, unknown>)[FRAME_KEY] };
}
