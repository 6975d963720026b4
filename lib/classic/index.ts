import { check } from "../errors/check.ts";
import { bus } from "../index.ts";
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

/** Where all copies of this major in a process find the one that came first. */
const SHARED = Symbol.for("clusterphone@2/classic");

/**
 * The API of clusterphone 1, as a layer on the bus: the bridge for code that was written for version 1.
 * New code starts with `import { bus } from "clusterphone"`.
 *
 * Loading it takes part at once, as version 1 did, and teaches the bus of this process to talk to processes that
 * still run version 1.
 */
const clusterphone: Clusterphone = shared();

export { clusterphone as default, clusterphone as "module.exports" };

function shared(): Clusterphone {
  const place = globalThis as { [SHARED]?: Clusterphone };
  if (!place[SHARED]) Object.defineProperty(place, SHARED, { value: start() });
  return place[SHARED] as Clusterphone;
}

function start(): Clusterphone {
  const cluster = process.getBuiltinModule(
    "node:cluster",
  ) as unknown as typeof import("node:cluster").default;
  let ackTimeout: number | undefined;
  const workers = new Workers(cluster, bus, (worker, namespace) => {
    if (nucleus.owns(namespace)) worker.emit("clusterphone:online");
  });
  const nucleus = new Nucleus(workers, (name, entry) => listen(bus, workers, name, entry));
  bus.learn({
    translatorFor(speaker) {
      // Version 1 is for clusters: other children and their parents are left alone.
      const isCluster =
        speaker.kind === "worker" || (speaker.kind === "parent" && cluster.isWorker);
      return isCluster ? new V1Translator(speaker, nucleus) : undefined;
    },
  });
  const namespaces = new Namespaces(
    bus,
    workers,
    nucleus,
    cluster.isPrimary,
    () => ackTimeout ?? bus.ackTimeout,
  );
  const ns = (name: string) => namespaces.get(name);
  const central = ns("_");
  const properties = {
    ...Object.getOwnPropertyDescriptors(central),
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
