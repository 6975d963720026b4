import { inProcess } from "../bus/in-process.ts";
import { central } from "../central.ts";
import { Connecting } from "./connecting.ts";
import { listen, Namespaces } from "./namespaces.ts";
import { Nucleus } from "./nucleus.ts";
import { Settings } from "./settings.ts";
import { V1Translator } from "./translator.ts";
import type { Clusterphone } from "./types.ts";
import { Unopened } from "./unopened.ts";
import { Workers } from "./workers.ts";

export type {
  Acknowledge,
  AcknowledgedCallback,
  ClassicError,
  Clusterphone,
  Handler,
  Namespace,
  Sent,
} from "./types.ts";

/**
 * The API of clusterphone 1, as a layer on the bus: the bridge for code that was written for version 1.
 * New code starts with `import { bus } from "clusterphone"`.
 *
 * Loading it takes part at once, as version 1 did, and teaches the bus of this process to talk to processes that
 * still run version 1.
 */
const clusterphone: Clusterphone = inProcess("classic", start);

export default clusterphone;

/** @internal What require gives. TypeScript has index.d.cts for that, and before 5.6 cannot read such a name. */
export { clusterphone as "module.exports" };

function start(): Clusterphone {
  const cluster = process.getBuiltinModule(
    "node:cluster",
  ) as unknown as typeof import("node:cluster").default;
  const { bus, hub } = central;
  const { lifecycle } = bus;
  const settings = new Settings(bus);
  const unopened = new Unopened(hub.deadlines);
  for (const peer of bus.peers) if (peer.state === "up") unopened.online(peer.id);
  lifecycle.on("ready", ({ id }) => unopened.online(id));
  lifecycle.on("down", ({ id }) => unopened.down(id));
  const workers = new Workers(cluster, bus, (worker, namespace) => {
    if (nucleus.owns(namespace)) worker.emit("clusterphone:online");
  });
  const nucleus = new Nucleus(workers, (name, entry) => listen(hub, workers, name, entry));
  hub.peers.learn({
    translatorFor(speaker) {
      // Version 1 is for clusters: other children and their parents are left alone.
      const isCluster =
        speaker.kind === "worker" || (speaker.kind === "parent" && cluster.isWorker);
      if (!isCluster) return undefined;
      return new V1Translator(speaker, nucleus, () => unopened.online(speaker.id));
    },
  });
  const connecting = new Connecting(bus);
  const senders = { hub, connecting, settings, unopened };
  const namespaces = new Namespaces(senders, workers, nucleus, cluster.isPrimary);
  const ns = (name: string) => namespaces.get(name);
  const top = ns("_");
  const properties = {
    ...Object.getOwnPropertyDescriptors(top),
    ns: { value: ns, enumerable: true },
    ackTimeout: settingOf(settings, "ackTimeout"),
    Promise: settingOf(settings, "Promise"),
  };
  return Object.defineProperties((name: string) => ns(name), properties) as Clusterphone;
}

function settingOf<Name extends keyof Settings>(settings: Settings, name: Name) {
  return {
    get: () => settings[name],
    set: (value: Settings[Name]) => {
      settings[name] = value;
    },
    enumerable: true,
  };
}
