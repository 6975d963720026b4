import type { Bounds } from "../oracle/bounds.ts";

/** The bounds of the soak. */
export const LIMITS: Bounds &
  Record<"pending" | "outlive" | "look" | "heap" | "retained" | "lost", number> = {
  /** Bytes that may wait for a peer: so few that a flood does not fit. */
  pending: 1_048_576,
  /** ms that a participant gives its `close()`. */
  close: 4000,
  /** ms after which a participant that has lost its channel must have ended. */
  outlive: 6000,
  /** ms between two looks for what nobody tells. */
  look: 250,
  /** ms in which what must happen soon must have happened, on a machine that has other things to do as well. */
  soon: 8000,
  /** ms after which an ack of a settled listener is missed, if neither side stood still. */
  ack: 4000,
  /** ms by which an ack may time out too early, as clocks are read at different moments. */
  early: 10,
  /** Bytes by which the heap may grow over a run. */
  heap: 25_165_824,
  /** Of the payloads and receipts that are looked after, so many may be there when all has settled. */
  retained: 2,
  /** Handles that Node may lose over a run: it happens every hundredth round or so. */
  lost: 5,
};
