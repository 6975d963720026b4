import { Bus, DEFAULT_NAMESPACE } from "./bus/bus.ts";
import { Hub } from "./bus/hub.ts";
import { inProcess } from "./bus/in-process.ts";
import { nodeConnector } from "./links/node.ts";

/** The bus of this process, and what is behind it, for what is built on both. */
export interface Central {
  readonly bus: Bus;
  readonly hub: Hub;
}

/** Those of whichever copy of the package came first. */
export const central: Central = inProcess("central", () => {
  const hub = new Hub([nodeConnector]);
  return { hub, bus: new Bus(hub, DEFAULT_NAMESPACE, true) };
});
