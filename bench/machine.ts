import { cpus, loadavg, release, totalmem } from "node:os";
import { setTimeout } from "node:timers/promises";

/** Where it was measured. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** The load average of the minute before the run. */
  readonly load: number;
}

/** To be asked before the run, for the load's sake. */
export function machineNow(): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryBytes: totalmem(),
    kernel: `${process.platform} ${release()}`,
    load: loadavg()[0] ?? 0,
  };
}

/** How long to look, in ms: the system counts in hundredths of a second. */
const LOOK = 60;

/** How many processors are busy; asked while no pair runs, it is what others do. */
export async function busyProcessors(): Promise<number> {
  const before = times();
  await setTimeout(LOOK);
  const after = times();
  const idle = (after.idle - before.idle) / (after.total - before.total);
  return Number.isNaN(idle) ? 0 : (1 - idle) * cpus().length;
}

function times(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times: of } of cpus()) {
    idle += of.idle;
    total += of.idle + of.user + of.nice + of.sys + of.irq;
  }
  return { idle, total };
}
