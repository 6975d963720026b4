import { inProcess } from "../bus/in-process.ts";
import { central } from "../central.ts";
import { check } from "../errors/check.ts";
import { listen, Namespaces } from "./namespaces.ts";
import { Nucleus } from "./nucleus.ts";
import { V1Translator } from "./translator.ts";
import type { Clusterphone } from "./types.ts";
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

export { clusterphone as default, clusterphone as "module.exports" };

function start(): Clusterphone {
  const cluster = process.getBuiltinModule(
    "node:cluster",
  ) as unknown as typeof import("node:cluster").default;
  const { bus, hub } = central;
  let ackTimeout: number | undefined;
  const workers = new Workers(cluster, bus, (worker, namespace) => {
    if (nucleus.owns(namespace)) worker.emit("clusterphone:online");
  });
  const nucleus = new Nucleus(workers, (name, entry) => listen(hub, workers, name, entry));
  hub.peers.learn({
    translatorFor(speaker) {
      // Version 1 is for clusters: other children and their parents are left alone.
      const isCluster =
        speaker.kind === "worker" || (speaker.kind === "parent" && cluster.isWorker);
      return isCluster ? new V1Translator(speaker, nucleus) : undefined;
    },
  });
  const namespaces = new Namespaces(
    central,
    workers,
    nucleus,
    cluster.isPrimary,
    () => ackTimeout ?? bus.ackTimeout,
  );
  const ns = (name: string) => namespaces.get(name);
  const top = ns("_");
  const properties = {
    ...Object.getOwnPropertyDescriptors(top),
    ns: { value: ns, enumerable: true },
    ackTimeout: {
      get: () => ackTimeout ?? bus.ackTimeout,
      set: (timeout: number) => {
        ackTimeout = check.timeout(timeout, "ackTimeout");
      },
      enumerable: true,
    },
  };
  // Known to the parent, and to the workers there are.
  bus.to("parent");
  return Object.defineProperties((name: string) => ns(name), properties) as Clusterphone;
}
