import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BusError, bus } from "clusterphone";
import { withCrew } from "./crew.ts";

const WORKERS = 8;
const CONCURRENCY = 16;
/** So many are under way, most of them in line. */
const AT_ONCE = 512;
/** One worker is killed, and another one forked, each so many jobs. */
const KILL_EACH = 500;
/** Each so many may run twice. */
const IDEMPOTENT_EACH = 4;

/** Jobs that workers write down while they are killed and replaced: none runs twice that must not, and none gets lost. */
export async function runUnderFire(jobs: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "clusterphone-many-"));
  const file = join(folder, "ran");
  try {
    return await withCrew(async (crew) => {
      await crew.startAndWait(Array.from({ length: WORKERS }, () => 1));
      const any = bus.any("children", { concurrency: CONCURRENCY });
      const failures = new Map<number, BusError>();
      let next = 0;
      let kills = 0;
      const lane = async () => {
        while (next < jobs) {
          const number = next++;
          const idempotent = number % IDEMPOTENT_EACH === 0;
          try {
            await any.emit("write down", number, { idempotent, timeout: 60_000 }).ackd();
          } catch (error) {
            if (!(error instanceof BusError)) throw error;
            failures.set(number, error);
          }
          const victim = number % KILL_EACH === 0 && crew.random();
          if (!victim) continue;
          kills++;
          crew.kill(victim);
          crew.start();
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
      return judge(jobs, failures, runsIn(file, jobs), kills);
    }, file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How often each was run. */
function runsIn(file: string, jobs: number): Uint8Array {
  const runs = new Uint8Array(jobs);
  for (const line of readFileSync(file, "utf8").trimEnd().split("\n")) {
    const number = Number(line);
    runs[number] = (runs[number] ?? 0) + 1;
  }
  return runs;
}

function judge(
  jobs: number,
  failures: ReadonlyMap<number, BusError>,
  runs: Uint8Array,
  kills: number,
): string {
  const wrong: string[] = [];
  let repeated = 0;
  for (const [number, times] of runs.entries()) {
    const error = failures.get(number);
    const isIdempotent = number % IDEMPOTENT_EACH === 0;
    if (times > 1) repeated++;
    if (times > 1 && !isIdempotent) wrong.push(`${number} ran ${times} times`);
    if (times === 0 && !error) wrong.push(`${number} was answered, and did not run`);
    if (error?.executed === "no") {
      wrong.push(`${number}, which ran ${times} times, was given up: ${error.message}`);
    } else if (error && (error.executed !== "maybe" || error.code !== "ERR_PEER_DIED")) {
      wrong.push(`${number} failed with executed ${error.executed}: ${error.message}`);
    } else if (error && isIdempotent) {
      wrong.push(`${number} may run twice, and was given up: ${error.message}`);
    }
  }
  if (wrong.length > 0) throw new Error([`${wrong.length} wrong`, ...wrong.slice(0, 5)].join("\n"));
  return `${jobs} jobs, ${kills} workers killed; ${failures.size} may have run, as their errors say; ${repeated} that may have run twice`;
}
