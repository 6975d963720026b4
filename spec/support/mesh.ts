import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import type { Bus } from "../../lib/bus/bus.ts";
import { type JoinOptions, join, type Member, type Mesh } from "../../lib/nats/index.ts";
import { lonelyBus, nextEvent } from "./buses.ts";
import { entryOf } from "./processes.ts";

/** A member in this process. */
export interface Joined {
  readonly bus: Bus;
  readonly mesh: Mesh;
  readonly connection: NatsConnection;
}

/** A member in a process of its own, which writes down what it has run. */
export interface Orders {
  readonly instance: string;
  readonly process: ChildProcess;
  /** The ids of what it has run, in order. */
  ran(): number[];
}

/** The members that a spec starts, wherever they are. */
export class Members {
  readonly #url: () => string;
  readonly #joined: Joined[] = [];
  readonly #orders: Orders[] = [];
  readonly #folder = mkdtempSync(joinPath(tmpdir(), "clusterphone-mesh-"));
  #files = 0;

  constructor(url: () => string) {
    this.#url = url;
  }

  async join(
    name: string,
    options: Partial<JoinOptions> = {},
    credentials: object = {},
  ): Promise<Joined> {
    const { bus } = lonelyBus();
    const connection = await connect({
      servers: this.#url(),
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
      timeout: 1000,
      ...credentials,
    });
    try {
      const mesh = await join(bus, { name, connection, ...options });
      const joined = { bus, mesh, connection };
      this.#joined.push(joined);
      return joined;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Starts a process that joins as `orders`. */
  orders(instance: string, credentials: object = {}): Orders {
    const file = joinPath(this.#folder, `${++this.#files}`);
    const parameters = [this.#url(), instance, file, JSON.stringify(credentials)];
    const process_ = spawn(process.execPath, [entryOf("mesh-orders"), ...parameters], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    const ran = () => {
      try {
        return readFileSync(file, "utf8").split("\n").slice(0, -1).map(Number);
      } catch {
        return [];
      }
    };
    const orders = { instance, process: process_, ran };
    this.#orders.push(orders);
    return orders;
  }

  /** Ends all of them, in whatever state they are. */
  async end(): Promise<void> {
    for (const orders of this.#orders.splice(0)) await endOf(orders);
    for (const { bus, connection } of this.#joined.splice(0)) {
      await bus.close({ timeout: 500 });
      await connection.close();
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** kill -9. */
export async function endOf({ process: { exitCode, signalCode }, process }: Orders): Promise<void> {
  if (exitCode !== null || signalCode !== null) return;
  const exit = once(process, "exit");
  process.kill("SIGKILL");
  await exit;
}

/** Resolves to the member of that instance, once it is there. */
export async function found({ mesh }: Joined, instance: string): Promise<Member> {
  for (;;) {
    const known = mesh.members.find((each) => each.instance === instance);
    if (known) return known;
    await nextEvent(mesh, "join");
  }
}
