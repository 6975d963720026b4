import type { Bus } from "../bus/bus.ts";
import { NatsMesh } from "./mesh.ts";
import { connectTo, type JoinOptions, readJoinOptions } from "./options.ts";
import type { Mesh } from "./types.ts";

export type { JoinOptions } from "./options.ts";
export type { LeaveOptions, Member, Mesh, MeshEvents } from "./types.ts";

/**
 * Lets a bus take part in a mesh over NATS: the others that have joined become its peers, in groups by their name, and
 * for `to({ name, instance })`. Resolves when the server knows this process. Throws a `TypeError` for wrong options, and
 * rejects with what the client says where it cannot connect.
 */
export async function join(bus: Pick<Bus, "name">, options: JoinOptions): Promise<Mesh> {
  const joining = readJoinOptions(options, bus.name);
  const { connection, servers } = options;
  const { hub } = bus as Bus;
  if (connection) return new NatsMesh(hub, connection, joining, false).begin();
  const own = await connectTo(servers ?? []);
  return new NatsMesh(hub, own, joining, true).begin();
}
