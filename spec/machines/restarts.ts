import { setTimeout as sleep } from "node:timers/promises";
import { bus } from "clusterphone";
import { isInOrder, Load, liesIn } from "../support/load.ts";
import { judge, peerOf, withScene } from "./scene.ts";

/** For so many ms there is no server, in turn. */
const DOWN = [0, 50, 200, 600];
/** So many are answered between two ends, of each load. */
const BETWEEN = 100;
const LONG = 120_000;
/** Where the numbers begin that go to whichever is free. */
const PAST = 10 ** 9;

/** The server is killed, or told to end, and started again, while messages go to one of two members, and to any. */
export async function restartServer(times: number): Promise<string> {
  return await withScene(async (scene) => {
    const server = await scene.serve();
    const workers = [
      await scene.start("orders", "1", [server]),
      await scene.start("orders", "2", [server]),
    ] as const;
    const mesh = await scene.join("web", [server]);
    const [one] = await Promise.all(workers.map((worker) => peerOf(mesh, worker)));
    if (!one) throw new Error("nobody is there");
    const peers = bus.peers.filter(({ kind }) => kind === "remote");
    const left: string[] = [];
    mesh.on("leave", ({ instance }, reason) => left.push(`${instance} ${reason}`));
    const direct = new Load((id) => bus.to(one).emit("place", [id]).within(LONG).ackd());
    const any = bus.any("orders");
    const shared = new Load((id) => any.emit("place", [id]).within(LONG).ackd(), 16, PAST);
    const answered = () => Promise.all([direct.answered(BETWEEN), shared.answered(BETWEEN)]);
    await answered();
    for (let time = 0; time < times; time++) {
      const back = new Promise<void>((resolve) => mesh.once("back", resolve));
      await server.end(time % 2 === 0 ? "SIGKILL" : "SIGTERM");
      await sleep(DOWN[time % DOWN.length]);
      await server.start();
      await back;
      await answered();
    }
    const outcomes = [...(await direct.stop()), ...(await shared.stop())];
    const ran = workers.map((worker) => worker.ran);
    const lost = outcomes.filter(({ error }) => error);
    judge([
      ...lost.map(({ id, error }) => `${id} was lost: ${error?.message}`),
      ...liesIn(outcomes, ran.flat()),
      ...left.map((text) => `somebody was taken for gone: ${text}`),
      ...ran.filter((ids) => !isInOrder(ids.filter((id) => id < PAST))).map(() => "out of order"),
      ...peers.filter((peer) => !bus.peers.includes(peer)).map(({ id }) => `${id} is another peer`),
    ]);
    const longest = Math.max(direct.longest, shared.longest);
    return `${times} ends, ${outcomes.length} messages, all answered, none run twice; the slowest after ${longest.toFixed(0)} ms`;
  });
}
