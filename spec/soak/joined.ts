import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { bus, type Peer } from "../../lib/index.ts";
import { join, type Mesh } from "../../lib/nats/index.ts";
import { PRIMARY } from "../oracle/facts.ts";
import { REMOTES } from "./engine.ts";

/** ms between two tries to join while there is no server. */
const AGAIN = 100;

/** This process joins the mesh, and finds the primary there. */
export async function findPrimary(servers: string, instance: string): Promise<Peer> {
  const mesh = await joinAtLast(servers, instance);
  for (;;) {
    const primary = mesh.members.find(({ name }) => name === PRIMARY);
    if (primary) return primary.peer;
    await once(mesh as never, "join");
  }
}

async function joinAtLast(servers: string, instance: string): Promise<Mesh> {
  for (;;) {
    try {
      return await join(bus, { name: REMOTES, instance, servers });
    } catch {
      await sleep(AGAIN);
    }
  }
}
