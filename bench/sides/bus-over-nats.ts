import { bus } from "../../lib/index.ts";
import { join, type Mesh } from "../../lib/nats/index.ts";
import { connectionOf, served } from "../nats.ts";
import type { Setup, Side } from "../side.ts";
import { connectionTo } from "./bus.ts";

const WORKERS = "answerers";

/** Of a measured process that talks to several. */
let joined: Promise<Mesh> | undefined;

/** The bus as it comes, over NATS. */
export const busOverNats: Side = {
  async connect(channel, setup) {
    const instance = await workerOf(channel, setup);
    return connectionTo(bus.to({ name: WORKERS, instance }));
  },

  async serve(answer, setup) {
    bus.on("ask", answer);
    await joinAs(WORKERS, setup);
  },
};

/** Whichever worker is free: every connection leads to all of them. */
export const anyOverNats: Side = {
  async connect(channel, setup) {
    await workerOf(channel, setup);
    const { concurrency = Infinity } = setup;
    return connectionTo(bus.any(WORKERS, { concurrency }));
  },

  serve: (answer, setup) => busOverNats.serve(answer, setup),
};

/** Which member the other end is, once it is there. */
async function workerOf(channel: Parameters<typeof served>[0], setup: Setup): Promise<string> {
  await served(channel);
  joined ??= joinAs("caller", setup);
  const mesh = await joined;
  const instance = instanceOf(setup);
  while (!mesh.members.some((member) => member.instance === instance)) {
    await new Promise<void>((resolve) => mesh.once("join", () => resolve()));
  }
  return instance;
}

async function joinAs(name: string, setup: Setup): Promise<Mesh> {
  const { nats, serialization } = setup;
  const connection = await connectionOf(setup);
  const instance = instanceOf(setup);
  return await join(bus, {
    ...{ name, instance, connection, serialization },
    prefix: nats?.prefix ?? "",
  });
}

function instanceOf({ worker = 0 }: Setup): string {
  return String(worker);
}
