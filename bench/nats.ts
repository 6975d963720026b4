import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import type { Channel, Setup } from "./side.ts";

/** A connection for either end of a pair; the same for all sides that use this client. */
export function connectionOf({ nats }: Setup): Promise<NatsConnection> {
  // The client's own requests are faster without a stack for each.
  return connect({ servers: nats?.server ?? "", noAsyncTraces: true });
}

/** A subject of this pair alone. */
export function subjectOf({ nats }: Setup, name: string): string {
  return `${nats?.prefix}.${name}`;
}

/** Resolves when the other end answers. */
export async function served(channel: Channel): Promise<void> {
  const { stdout } = channel as ChildProcess;
  if (stdout) await once(stdout, "data");
}
