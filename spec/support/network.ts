import { execFileSync } from "node:child_process";

/** Addresses that are nobody's: for documentation. */
const NEAR = "192.0.2.1";
const FAR = "192.0.2.2";
const CABLE = "cable";

/** A machine of a network, to processes on it. */
export interface Machine {
  readonly address: string;
  /** What a command begins with, to run there. */
  readonly enter: readonly string[];
}

/** Two machines and a cable between them, as network namespaces: everything else is that of this machine. */
export class Network {
  readonly near: Machine;
  readonly far: Machine;
  readonly #near: string;
  readonly #far: string;

  constructor() {
    const id = `clusterphone-${process.pid}-${++networks}`;
    this.#near = `${id}-near`;
    this.#far = `${id}-far`;
    this.near = { address: NEAR, enter: ["ip", "netns", "exec", this.#near] };
    this.far = { address: FAR, enter: ["ip", "netns", "exec", this.#far] };
    try {
      for (const name of [this.#near, this.#far]) ip(`netns add ${name}`);
      ip(`-n ${this.#near} link add ${CABLE} type veth peer name ${CABLE} netns ${this.#far}`);
      for (const [name, { address }] of [
        [this.#near, this.near],
        [this.#far, this.far],
      ] as const) {
        ip(`-n ${name} address add ${address}/24 dev ${CABLE}`);
        ip(`-n ${name} link set lo up`);
        ip(`-n ${name} link set ${CABLE} up`);
      }
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Pulls the cable: nobody is told, nothing gets through. */
  cut(): void {
    ip(`-n ${this.#far} link set ${CABLE} down`);
  }

  mend(): void {
    ip(`-n ${this.#far} link set ${CABLE} up`);
  }

  /** At once, so that it can be done at the end of a process. */
  remove(): void {
    for (const name of [this.#near, this.#far]) {
      try {
        ip(`netns delete ${name}`);
      } catch {
        // It has not been made.
      }
    }
  }
}

let networks = 0;
let isAllowed: boolean | undefined;

/** Whether this process may make networks; if not, it is said. */
export function hasNetworks(): boolean {
  try {
    if (isAllowed === undefined) new Network().remove();
    isAllowed ??= true;
  } catch {
    isAllowed = false;
  }
  if (!isAllowed) console.log("      skipped: network namespaces need root, and iproute2");
  return isAllowed;
}

function ip(command: string): void {
  execFileSync("ip", command.split(" "), { stdio: "ignore" });
}
