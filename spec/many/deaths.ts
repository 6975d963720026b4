import { setTimeout as sleep } from "node:timers/promises";
import { bus } from "clusterphone";
import { median, percentile, withCrew } from "./crew.ts";

const WORKERS = 8;
/** Of the gather, in ms. */
const DEADLINE = 10_000;
/** How long after the death of a member it may end. */
const MOST = 150;
/** So long the others have to answer, in ms, before the one is killed that is missing. */
const REST = 50;

/** One of eight is stopped, all are asked, and that one is killed: how long after that the gather ends. */
export async function dieWhileGathered(trials: number): Promise<string> {
  return await withCrew(async (crew) => {
    await crew.startAndWait(Array.from({ length: WORKERS }, () => 1));
    const times: number[] = [];
    for (let trial = 0; trial < trials; trial++) {
      const victim = crew.random();
      if (!victim) throw new Error("nobody lives");
      victim.kill("SIGSTOP");
      const gathered = bus.all("children").emit("who", trial).within(DEADLINE).ackd();
      await sleep(REST);
      const start = performance.now();
      crew.kill(victim);
      const outcomes = await gathered;
      times.push(performance.now() - start);
      const dead = outcomes.filter(({ status }) => status === "rejected");
      const isRight = outcomes.length === WORKERS && dead.length === 1;
      if (!isRight || dead[0]?.reason?.code !== "ERR_PEER_DIED") {
        throw new Error(JSON.stringify(outcomes));
      }
      await crew.startAndWait([1]);
    }
    const worst = percentile(times, 0.99);
    const said = `after ${median(times).toFixed(1)} ms, p99 ${worst.toFixed(1)} ms, all ${WORKERS} outcomes are there`;
    if (worst > MOST) throw new Error(said);
    return said;
  });
}
