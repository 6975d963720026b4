// Two machines and a cable between them, as network namespaces. That needs root, and `ip` of iproute2.
import { execFileSync } from "node:child_process";

/** Addresses that are nobody's: for documentation. */
const ADDRESSES = { eu: "192.0.2.1", us: "192.0.2.2" };
type Place = keyof typeof ADDRESSES;

export class Network {
  readonly #id: string;

  /** The one of that id; it is there after `build`. */
  constructor(id: string) {
    this.#id = id;
  }

  /** Whether it could be built. */
  build(): boolean {
    try {
      for (const place of ["eu", "us"] as const) ip("netns", "add", this.#name(place));
      const [eu, us] = [this.#name("eu"), this.#name("us")];
      ip("-n", eu, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", us);
      for (const place of ["eu", "us"] as const) {
        this.#ip(place, "address", "add", `${ADDRESSES[place]}/24`, "dev", "cable");
        this.#ip(place, "link", "set", "lo", "up");
        this.#ip(place, "link", "set", "cable", "up");
      }
      return true;
    } catch {
      this.remove();
      return false;
    }
  }

  address(place: Place): string {
    return ADDRESSES[place];
  }

  /** What a command begins with, to run there. */
  enter(place: Place): string[] {
    return ["ip", "netns", "exec", this.#name(place)];
  }

  /** Nobody is told, and nothing gets through. */
  cut(): void {
    this.#ip("us", "link", "set", "cable", "down");
  }

  mend(): void {
    this.#ip("us", "link", "set", "cable", "up");
  }

  remove(): void {
    for (const place of ["eu", "us"] as const) {
      try {
        ip("netns", "delete", this.#name(place));
      } catch {
        // It was not built.
      }
    }
  }

  #name(place: Place): string {
    return `orders-${this.#id}-${place}`;
  }

  #ip(place: Place, ...parameters: string[]): void {
    ip("-n", this.#name(place), ...parameters);
  }
}

function ip(...parameters: string[]): void {
  execFileSync("ip", parameters, { stdio: "ignore" });
}
