import { setTimeout as sleep } from "node:timers/promises";
import { type BusError, bus } from "clusterphone";
import type { Mesh } from "clusterphone/nats";
import { median } from "../many/crew.ts";
import type { NatsServer } from "../support/nats.ts";
import { departure, judge, peerOf, type Scene, type Worker, withScene } from "./scene.ts";
import { now } from "./wishes.ts";

const LONG = 120_000;
/** Somebody waits for it: in ms. */
const MOST = 3000;
/** Nobody does. */
const MOST_IDLE = 10_000;
/** Of round trips between two processes that are warm. */
const MOST_ROUND_TRIPS = 3;

/** What somebody is about who is killed. Each kills it, and resolves to how long after that it is known. */
const WAYS: Readonly<Record<string, (mesh: Mesh, worker: Worker) => Promise<number>>> = {
  "with a message pending": async (mesh, worker) => {
    const pending = failed(mesh, worker, "never");
    return await killed(worker, () => pending);
  },
  "with only a listener running for it": async (mesh, worker) => {
    await peerOf(mesh, worker);
    const aborted = new Promise<number>((resolve) => {
      bus.once("hold", (_, { signal, peer }) => {
        signal.addEventListener("abort", () => resolve(performance.now()));
        begun(peer.instance);
        return new Promise(() => undefined);
      });
    });
    let begun: (instance: string | undefined) => void = () => undefined;
    const runs = new Promise<string | undefined>((resolve) => (begun = resolve));
    await worker.wishes.emit("call", { name: mesh.name, instance: mesh.instance }).ackd();
    await runs;
    return await killed(worker, () => aborted);
  },
  "while idle, and then addressed": async (mesh, worker) => {
    await peerOf(mesh, worker);
    await sleep(1500);
    await worker.kill();
    await sleep(200);
    const start = performance.now();
    return (await failed(mesh, worker, "never")) - start;
  },
};

/** When a message has failed, by the death of whom it was for, and rightly so. */
async function failed(mesh: Mesh, worker: Worker, event: string): Promise<number> {
  const peer = await peerOf(mesh, worker);
  try {
    await bus.to(peer).emit(event).within(LONG).ackd();
  } catch (error) {
    const { code, executed } = error as BusError;
    if (code === "ERR_PEER_DIED" && executed !== "yes") return performance.now();
    throw error;
  }
  throw new Error("it was answered");
}

async function killed(worker: Worker, known: () => Promise<number>): Promise<number> {
  await sleep(100);
  const start = performance.now();
  await worker.kill();
  return (await known()) - start;
}

/** Members are killed: how long it takes until that is told. */
export async function killMembers(trials: number): Promise<string> {
  return await withScene(async (scene) => {
    const server = await scene.serve();
    const mesh = await scene.join("web", [server]);
    const said: string[] = [];
    const wrong: string[] = [];
    const tell = (way: string, times: readonly number[], most: number) => {
      const worst = Math.max(...times);
      said.push(`${way} ${seconds(median(times))}, at most ${seconds(worst)}`);
      if (worst > most) wrong.push(`${way}: after ${seconds(worst)}`);
    };
    const tried = Object.entries(WAYS).map(async ([way, kill], index) => {
      const times: number[] = [];
      for (let trial = 0; trial < trials; trial++) {
        times.push(await kill(mesh, await scene.start("orders", `${index}-${trial}`, [server])));
      }
      tell(way, times, MOST);
    });
    const idle = killIdle(scene, server, mesh, trials);
    await Promise.all([
      ...tried,
      idle.then((times) => tell("while nobody waits for it", times, MOST_IDLE)),
    ]);
    judge(wrong);
    return said.join("; ");
  });
}

/** All at a time, as it takes long. */
async function killIdle(scene: Scene, server: NatsServer, mesh: Mesh, trials: number) {
  const workers = await Promise.all(
    Array.from({ length: trials }, (_, trial) => scene.start("orders", `idle-${trial}`, [server])),
  );
  await Promise.all(workers.map((worker) => peerOf(mesh, worker)));
  await sleep(1500);
  return await Promise.all(
    workers.map(async (worker) => {
      const left = departure(mesh, worker);
      const start = performance.now();
      await worker.kill();
      return (await left).at - start;
    }),
  );
}

/** A member leaves: how long after it begins to that is told, in round trips to it. */
export async function sayGoodbye(trials: number): Promise<string> {
  return await withScene(async (scene) => {
    const server = await scene.serve();
    const mesh = await scene.join("web", [server]);
    const worker = await scene.start("orders", "1", [server]);
    const trips: number[] = [];
    const goodbyes: number[] = [];
    for (let trial = 0; trial < trials; trial++) {
      const peer = await peerOf(mesh, worker);
      for (let trip = 0; trip < 20; trip++) {
        await sleep(5);
        const start = now();
        await bus.to(peer).emit("place", [trip]).ackd();
        trips.push(now() - start);
      }
      const told = departure(mesh, worker).then(({ reason }) => ({ reason, at: now() }));
      const begun = await worker.wishes.emit("leave").ackd();
      const { reason, at } = await told;
      if (reason !== "said goodbye") throw new Error(`it ${reason}`);
      goodbyes.push(at - begun);
      await worker.wishes.emit("join").ackd();
    }
    const [trip, goodbye] = [median(trips), median(goodbyes)];
    const said = `told after ${goodbye.toFixed(2)} ms, a round trip takes ${trip.toFixed(2)} ms`;
    if (goodbye > MOST_ROUND_TRIPS * trip) throw new Error(said);
    return said;
  });
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
