import { setTimeout as sleep } from "node:timers/promises";
import { isInOrder, liesIn, type Outcome } from "../support/load.ts";
import { Network } from "../support/network.ts";
import { judge, withScene } from "./scene.ts";
import { APART, type Told } from "./wishes.ts";

/** Told within so many ms of a cut that lasts. */
const MOST = 15_000;
/** What is seen of those who only send along. */
const CROWD = /^\d/;

interface Cut {
  readonly milliseconds: number;
  /** Whether it lasts so long that somebody is told of it. */
  readonly isTold: boolean;
  /** What each sends to the other: so many messages of so many bytes at a time. */
  readonly depth: number;
  readonly bytes: number;
  /** So many others send the same to the far one, so that the server cannot get rid of it. */
  readonly crowd?: number;
  /** ms, for `join`. */
  readonly silence?: number;
}

/** Two machines that send to each other, the server on one of them; the cable between them is cut for a while. */
export async function cutCable(cut: Cut): Promise<string> {
  const { milliseconds, isTold, depth, bytes, crowd = 0, silence = 30_000 } = cut;
  return await withScene(async (scene) => {
    const network = scene.network(new Network());
    const server = await scene.serve("", { machine: network.near });
    const options = { silence };
    const near = await scene.start("near", "n", [server], { machine: network.near, options });
    const far = await scene.start("far", "f", [server], { machine: network.far, options });
    const others = await Promise.all(
      Array.from({ length: crowd }, (_, index) =>
        scene.start("crowd", `${index}`, [server], { machine: network.near, options }),
      ),
    );
    const both = [near, far];
    const answered = (count: number) =>
      Promise.all(both.map((each) => each.wishes.emit("answered", count).ackd()));
    await Promise.all(both.map((worker) => worker.knows(1 + crowd)));
    await Promise.all(both.map(({ wishes }) => wishes.emit("seen").ackd()));
    for (const [from, { place: to }] of [
      [near, far],
      [far, near],
    ] as const) {
      await from.wishes.emit("load", { to, depth, bytes, last: 0 }).ackd();
    }
    for (const [index, { wishes }] of others.entries()) {
      const last = APART * (index + 1);
      await wishes.emit("load", { to: far.place, depth, bytes, last }).ackd();
    }
    await answered(500);
    network.cut();
    const cutAt = performance.now();
    const told = isTold
      ? near.seen().then((seen) => ({ seen, after: performance.now() - cutAt }))
      : undefined;
    await sleep(milliseconds);
    network.mend();
    await answered(500);
    const wrong: string[] = [];
    const { seen = [], after = 0 } = (await told) ?? {};
    if (after > MOST) wrong.push(`the near one was told after ${after.toFixed(0)} ms`);
    const outcomes: Outcome[][] = [];
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      const sent = (await from.wishes.emit("stop").ackd()).map(outcomeOf);
      outcomes.push(sent);
      wrong.push(...liesIn(sent, to.ran));
      if (!isInOrder(to.ran.filter((id) => id < APART)))
        wrong.push(`out of order at ${to.place.name}`);
      const saw = (await from.wishes.emit("seen").ackd()).filter((text) => !CROWD.test(text));
      if (from === near) saw.unshift(...seen);
      const [gone, ...rest] = saw;
      if (!isTold && gone) wrong.push(`${from.place.name} saw: ${gone}`);
      const isNew = rest.length === 1 && rest[0] === `${to.place.instance} is there`;
      if (isTold && !isNew) wrong.push(`${from.place.name} saw: ${saw.join(", ")}`);
      if (!isTold) wrong.push(...sent.flatMap(({ error }) => (error ? [error.message] : [])));
    }
    for (const { wishes } of others) {
      wrong.push(...liesIn((await wishes.emit("stop").ackd()).map(outcomeOf), far.ran));
    }
    judge(wrong);
    const failures = outcomes.flat().flatMap(({ error }) => (error ? [error.executed] : []));
    const maybe = failures.filter((executed) => executed === "maybe").length;
    const sums = `${outcomes.flat().length} messages, ${failures.length - maybe} that did not run, ${maybe} that may have`;
    return isTold ? `told after ${(after / 1000).toFixed(1)} s; ${sums}` : sums;
  });
}

function outcomeOf([id, executed, message]: Told): Outcome {
  return {
    id,
    error: executed === "yes" ? undefined : ({ executed, message } as Outcome["error"]),
  };
}
