import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import type { Bus } from "../../lib/bus/bus.ts";
import type { BusError } from "../../lib/errors/bus-error.ts";
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

/** What became of one message. */
export interface Outcome {
  readonly id: number;
  readonly error: BusError | undefined;
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

/** Sends numbered messages, so many at a time, until it is stopped and all have settled. */
export class Load {
  readonly outcomes: Outcome[] = [];
  #isOver = false;
  #last = 0;
  readonly #lanes: Promise<void>[];
  #watchers: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(send: (id: number) => Promise<unknown>, depth = 16) {
    this.#lanes = Array.from({ length: depth }, () => this.#lane(send));
  }

  /** Resolves when so many more have been answered. */
  answered(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.push({ count: this.#answers + count, resolve });
    });
  }

  async stop(): Promise<Outcome[]> {
    this.#isOver = true;
    await Promise.all(this.#lanes);
    return this.outcomes;
  }

  get #answers(): number {
    return this.outcomes.filter(({ error }) => !error).length;
  }

  async #lane(send: (id: number) => Promise<unknown>): Promise<void> {
    while (!this.#isOver) {
      const id = ++this.#last;
      const error = await send(id).then(
        () => undefined,
        (thrown: BusError) => thrown,
      );
      this.outcomes.push({ id, error });
      // Failures come at once while nobody is there.
      if (error) await new Promise((resolve) => setImmediate(resolve));
      if (this.#watchers.length > 0) this.#tell();
    }
  }

  #tell(): void {
    const answers = this.#answers;
    const due = this.#watchers.filter(({ count }) => count <= answers);
    this.#watchers = this.#watchers.filter(({ count }) => count > answers);
    for (const { resolve } of due) resolve();
  }
}

/** What was said of messages and is not so, by what one receiver has run, or several. */
export function liesIn(outcomes: readonly Outcome[], ran: readonly number[]): string[] {
  const lies: string[] = [];
  const times = new Map<number, number>();
  for (const id of ran) times.set(id, (times.get(id) ?? 0) + 1);
  for (const { id, error } of outcomes) {
    const runs = times.get(id) ?? 0;
    if (runs > 1) lies.push(`${id} ran ${runs} times`);
    const executed = error?.executed ?? "yes";
    if (executed === "yes" && runs === 0) lies.push(`${id} did not run, but was said to`);
    if (executed === "no" && runs > 0)
      lies.push(`${id} ran, but was said not to: ${error?.message}`);
  }
  return lies;
}

/** Whether messages ran in the order of their `emit`. */
export function isInOrder(ran: readonly number[]): boolean {
  return ran.every((id, index) => index === 0 || id > (ran[index - 1] ?? 0));
}
