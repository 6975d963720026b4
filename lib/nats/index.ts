import type { Bus } from "../bus/bus.ts";
import { check } from "../errors/check.ts";
import { closedBus, NatsMesh } from "./mesh.ts";
import { connectTo, type JoinOptions, readJoinOptions } from "./options.ts";
import type { Mesh } from "./types.ts";

export type { JoinOptions } from "./options.ts";
export type { LeaveOptions, Member, Mesh, MeshEvents } from "./types.ts";

/**
 * Lets a bus take part in a mesh over NATS: the others that have joined become its peers, in groups by their name, and
 * for `to({ name, instance })`. Resolves when the server knows this process. Rejects with a `TypeError` for wrong options,
 * with `ERR_CLOSED` where the bus is closed, and with what the client says where it cannot connect, or may not listen or say
 * that it is there.
 */
export async function join(bus: Pick<Bus, "name">, options: JoinOptions): Promise<Mesh> {
  check.bus(bus, "the first argument of join()");
  const joining = readJoinOptions(options, bus.name);
  const { connection, servers } = options;
  const { hub } = bus as Bus;
  if (hub.state !== "open") throw closedBus();
  if (connection) return new NatsMesh(hub, connection, joining, false).begin();
  const own = await connectTo(servers ?? []);
  if (hub.state !== "open") {
    await own.close();
    throw closedBus();
  }
  return new NatsMesh(hub, own, joining, true).begin();
}
