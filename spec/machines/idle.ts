import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { median } from "../many/crew.ts";
import { type Worker, withScene } from "./scene.ts";

/** Percent of a processor that a member may take. */
const MOST = 0.5;
/** So many are started at a time. */
const AT_A_TIME = 4;
const CLOCK_TICKS = Number(execFileSync("getconf", ["CLK_TCK"]));

/** Seconds of a processor that a process has taken. */
function taken(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // After the name, which may have anything in it: the third field is the state, the 14th and the 15th are ticks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}

/** Members that have nothing to do: how much of a processor each takes, in percent, and the server. */
export async function idle(count: number, milliseconds: number): Promise<string> {
  return await withScene(async (scene) => {
    const server = await scene.serve();
    const workers: Worker[] = [];
    while (workers.length < count) {
      const next = Array.from({ length: Math.min(AT_A_TIME, count - workers.length) }, (_, index) =>
        scene.start("member", `${workers.length + index}`, [server]),
      );
      workers.push(...(await Promise.all(next)));
    }
    for (const worker of workers) await worker.knows(count - 1);
    // The collector has something to do after a start.
    await sleep(2000);
    const pids = [server.pid, ...workers.map(({ process }) => process.pid)];
    const before = pids.map(taken);
    const start = performance.now();
    await sleep(milliseconds);
    const seconds = (performance.now() - start) / 1000;
    const [ofServer = 0, ...ofMembers] = pids.map(
      (pid, index) => (100 * (taken(pid) - (before[index] ?? 0))) / seconds,
    );
    const mean = ofMembers.reduce((sum, each) => sum + each, 0) / count;
    const said = `${count} members take ${mean.toFixed(2)} % of a processor each (median ${median(ofMembers).toFixed(2)}, most ${Math.max(...ofMembers).toFixed(2)}), the server ${ofServer.toFixed(1)} %`;
    if (mean > MOST) throw new Error(said);
    return said;
  });
}
