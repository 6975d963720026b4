import type { Bus } from "../bus/bus.ts";
import { BusError } from "../errors/bus-error.ts";
import { check } from "../errors/check.ts";
import { NatsMesh } from "./mesh.ts";
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
  if (hub.state !== "open") throw new BusError("ERR_CLOSED", "join() on a bus that is closed");
  if (connection) return new NatsMesh(hub, connection, joining, false).begin();
  const own = await connectTo(servers ?? []);
  return new NatsMesh(hub, own, joining, true).begin();
}
