import { setTimeout as sleep } from "node:timers/promises";
import { bus } from "clusterphone";
import { faultsIn, Load } from "../support/load.ts";
import type { NatsServer } from "../support/nats.ts";
import { judge, peerOf, withScene } from "./scene.ts";

/** A lame duck waits for its grace before it sends anybody away. */
const CONFIG = 'lame_duck_duration: "30s"\nlame_duck_grace_period: "500ms"\n';
const LONG = 120_000;
const BETWEEN = 500;

/** What becomes of one of two servers. Each is as it was afterwards. */
const WAYS: Readonly<Record<string, (server: NatsServer) => Promise<void>>> = {
  killed: async (server: NatsServer) => {
    await server.end("SIGKILL");
    await sleep(500);
    await server.start();
  },
  stopped: async (server: NatsServer) => {
    server.signal("SIGSTOP");
    await sleep(12_000);
    server.signal("SIGCONT");
  },
  "a lame duck": async (server: NatsServer) => {
    server.signal("SIGUSR2");
    await server.ended();
    await server.start();
  },
};

/** One after the other, the servers of a cluster of two are killed, stopped, or lame ducks, under load. */
export async function failOver(way: string): Promise<string> {
  return await withScene(async (scene) => {
    const first = await scene.serve(CONFIG, { cluster: "first" });
    const second = await scene.serve(CONFIG, { cluster: first });
    const servers = [first, second];
    // Each knows one of them first, so that both have somebody.
    const workers = [
      await scene.start("orders", "1", [first, second]),
      await scene.start("orders", "2", [second, first]),
    ];
    const mesh = await scene.join("web", servers);
    const peers = await Promise.all(workers.map((worker) => peerOf(mesh, worker)));
    const left: string[] = [];
    mesh.on("leave", ({ instance }, reason) => left.push(`${instance} ${reason}`));
    const loads = peers.map(
      (peer) => new Load((id) => bus.to(peer).emit("place", [id]).within(LONG).ackd()),
    );
    const answered = () => Promise.all(loads.map((load) => load.answered(BETWEEN)));
    for (const server of servers) {
      await answered();
      await WAYS[way]?.(server);
    }
    await answered();
    const wrong = left.map((text) => `somebody was taken for gone: ${text}`);
    let messages = 0;
    for (const [index, load] of loads.entries()) {
      const outcomes = await load.stop();
      const ran = workers[index]?.ran ?? [];
      messages += outcomes.length;
      wrong.push(...faultsIn(outcomes, ran));
    }
    judge(wrong);
    const longest = Math.max(...loads.map((load) => load.longest));
    return `${messages} messages, all answered; the slowest after ${(longest / 1000).toFixed(1)} s`;
  });
}
