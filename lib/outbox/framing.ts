import type { Pace } from "../links/link.ts";
import type { Flow } from "../wire/parcel.ts";

/** Messages in a frame, at most. */
export const MOST_IN_FRAME = 256;
/** Of what is in flight a frame takes this part, so that both sides have something to do at all times. */
const SHARE = 2;
/** Messages in a frame of such that are not answered. */
const MOST_ONE_WAY = 64;
/** Where many of them wait, a frame takes this part. */
const SHARE_ONE_WAY = 4;

/** What is known of the two ways between the buses. */
export interface Traffic {
  /** Messages written and not answered. */
  readonly inFlight: number;
  /** How many messages the last frame from there had. */
  readonly lastFrameCount: number;
}

/** How many of the messages that wait the next frame takes at most, by how the first of them moves. */
export function mostInFrame(
  flow: Flow | undefined,
  waiting: number,
  traffic: Traffic,
  { leastInFrame }: Pace,
): number {
  switch (flow) {
    case "request": {
      const all = traffic.inFlight + waiting;
      return between(leastInFrame, Math.ceil(all / SHARE), MOST_IN_FRAME);
    }
    case "answer":
      return between(leastInFrame, traffic.lastFrameCount, MOST_IN_FRAME);
    case "one way":
    case undefined:
      return between(MOST_ONE_WAY, Math.ceil(waiting / SHARE_ONE_WAY), MOST_IN_FRAME);
  }
}

function between(least: number, value: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
