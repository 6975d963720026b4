import type { Bus } from "../../lib/bus/bus.ts";
import type { Hub } from "../../lib/bus/hub.ts";
import type { End } from "../../lib/errors/bus-error.ts";
import { type MemoryLink, memoryPair } from "../../lib/links/memory.ts";
import type { Session } from "../../lib/peer/session.ts";
import { lonelyBus } from "./buses.ts";

/** One of those that the bus in the middle talks to. */
export interface Ray {
  readonly bus: Bus;
  readonly hub: Hub;
  /** The peer that the bus in the middle speaks to. */
  readonly peer: Session;
  /** Both see the other gone. */
  cut(end?: End): void;
  /** The end of the link that the bus in the middle has. */
  readonly link: MemoryLink;
}

/** A bus with links in memory to others. */
export interface Star {
  readonly bus: Bus;
  readonly hub: Hub;
  readonly rays: readonly Ray[];
  /** One more. */
  add(name?: string, serialization?: "json" | "clone"): Ray;
}

export function star(names: number | readonly (string | undefined)[]): Star {
  const { bus, hub } = lonelyBus();
  const rays: Ray[] = [];
  const add = (name?: string, serialization: "json" | "clone" = "json"): Ray => {
    const { left, right, cut } = memoryPair(serialization, [`ray:${rays.length + 1}`, "middle"]);
    const other = lonelyBus();
    if (name !== undefined) other.bus.name = name;
    const peer = hub.attach(left);
    other.hub.attach(right).greet();
    peer.greet();
    const ray = { ...other, peer, cut, link: left };
    rays.push(ray);
    return ray;
  };
  const list = typeof names === "number" ? Array.from({ length: names }, () => undefined) : names;
  for (const name of list) add(name);
  return { bus, hub, rays, add };
}
