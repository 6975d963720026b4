import type { Recorder } from "../oracle/facts.ts";

/** ms between two beats. */
const BEAT = 50;
/** A beat that is this many ms late tells that the event loop stood still, for whatever reason. */
const LATE = 150;

/** Records when the event loop of this process or thread stood still. It keeps nobody alive. */
export function feelPulse(who: string, record: Recorder): void {
  let last = Date.now();
  const beat = (): void => {
    const now = Date.now();
    if (now - last > BEAT + LATE) record({ is: "paused", at: last, who, until: now });
    last = now;
  };
  setInterval(beat, BEAT).unref();
}
