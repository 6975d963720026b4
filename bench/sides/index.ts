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
    case "bus over nats":
      return (await import("./bus-over-nats.ts")).busOverNats;
    case "bus over nats, any":
      return (await import("./bus-over-nats.ts")).anyOverNats;
    case "bus without session":
      return (await import("./bus-without-session.ts")).busWithoutSession;
    case "nats loop":
      return (await import("./nats-loop.ts")).natsLoop;
    case "nats request":
      return (await import("./nats-request.ts")).natsRequest;
    case "moleculer":
      return (await import("./moleculer.ts")).moleculer;
  }
}
