import type { Side, SideName } from "../side.ts";

/** Loads one side, and nothing of the others. */
export async function loadSide(name: SideName): Promise<Side> {
  switch (name) {
    case "bus":
      return (await import("./bus.ts")).theBus;
    case "bus any":
      return (await import("./bus-any.ts")).anyOfTheBus;
    case "bus all":
      return (await import("./bus-all.ts")).allOfTheBus;
    case "process.send":
      return (await import("./process-send.ts")).processSend;
    case "bare loop":
      return (await import("./bare.ts")).bare;
    case "birpc":
      return (await import("./birpc.ts")).birpc;
    case "clusterphone 1":
      return (await import("./clusterphone-1.ts")).clusterphone1;
    case "comlink":
      return (await import("./comlink.ts")).comlink;
  }
}
