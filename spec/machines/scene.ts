import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { bus, type NoEvents, type Peer, type Target } from "clusterphone";
import { type JoinOptions, join, type Member, type Mesh } from "clusterphone/nats";
import { NatsServer } from "../support/nats.ts";
import type { Machine, Network } from "../support/network.ts";
import type { Place, Wishes } from "./wishes.ts";

const entry = fileURLToPath(new URL(`worker${import.meta.url.slice(-3)}`, import.meta.url));
const wishes = bus.ns<NoEvents, Wishes>("wishes");
const LOOK_EVERY = 50;
/** More than anything takes that is asked of a worker, in ms. */
wishes.ackTimeout = 120_000;

/** A member in a process of its own. */
export class Worker {
  readonly place: Place;
  readonly process: ChildProcess;
  /** To tell it what to do, past the mesh. */
  readonly wishes: Target<Wishes>;
  readonly #file: string;
  readonly #exit: Promise<unknown>;

  constructor(place: Place, child: ChildProcess, file: string) {
    this.place = place;
    this.process = child;
    this.#file = file;
    this.wishes = wishes.to(child);
    this.#exit = once(child, "exit");
  }

  /** Resolves when it knows so many others. */
  async knows(count: number): Promise<void> {
    while ((await this.wishes.emit("known").ackd()).length < count) await sleep(LOOK_EVERY);
  }

  /** What it saw of others, once that is something, or so much. */
  async seen(count = 1): Promise<string[]> {
    const seen: string[] = [];
    while (seen.length < count) {
      seen.push(...(await this.wishes.emit("seen").ackd()));
      if (seen.length < count) await sleep(LOOK_EVERY);
    }
    return seen;
  }

  /** The numbers that it has run, in order. */
  get ran(): number[] {
    return readFileSync(this.#file, "utf8").split("\n").slice(0, -1).map(Number);
  }

  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.#exit;
  }
}

const scenes = new Set<Scene>();
process.on("exit", () => {
  for (const scene of scenes) scene.drop();
});
/** How a member is started, if not as ever. */
export interface StartOptions {
  readonly machine?: Machine;
  /** Another Node. */
  readonly execPath?: string;
  /** Of that Node. */
  readonly flags?: readonly string[];
  /** For `join`. */
  readonly options?: Pick<JoinOptions, "serialization" | "silence">;
}

/** What a check needs: servers, members, a network. Nothing of it outlives the check. */
export class Scene {
  readonly #folder = mkdtempSync(joinPath(tmpdir(), "clusterphone-machines-"));
  readonly #servers: NatsServer[] = [];
  readonly #workers: Worker[] = [];
  readonly #meshes: Mesh[] = [];
  #network: Network | undefined;

  constructor() {
    scenes.add(this);
  }

  /** Starts a server. */
  async serve(...parameters: ConstructorParameters<typeof NatsServer>): Promise<NatsServer> {
    const server = new NatsServer(...parameters);
    this.#servers.push(server);
    return await server.start();
  }

  /** Starts a member in a process of its own, and waits until it has joined. */
  async start(
    name: string,
    instance: string,
    servers: readonly NatsServer[],
    { machine, execPath = process.execPath, flags = [], options = {} }: StartOptions = {},
  ): Promise<Worker> {
    const file = joinPath(this.#folder, `${this.#workers.length}`);
    const urls = servers.map(({ url }) => url).join(",");
    const [command = execPath, ...enter] = machine?.enter ?? [];
    const child = fork(entry, [name, instance, file, urls, JSON.stringify(options)], {
      execPath: command,
      execArgv: machine ? [...enter, execPath, ...flags] : [...flags],
    });
    const worker = new Worker({ name, instance }, child, file);
    this.#workers.push(worker);
    await worker.wishes.emit("known").ackd();
    return worker;
  }

  /** This process joins by that name. */
  async join(name: string, servers: readonly NatsServer[]): Promise<Mesh> {
    const mesh = await join(bus, { name, servers: servers.map(({ url }) => url) });
    this.#meshes.push(mesh);
    return mesh;
  }

  network(network: Network): Network {
    this.#network = network;
    return network;
  }

  async end(): Promise<void> {
    for (const server of this.#servers) server.signal("SIGCONT");
    await Promise.all(this.#meshes.map((mesh) => mesh.leave({ timeout: 500 })));
    await Promise.all(this.#workers.map((worker) => worker.kill()));
    await Promise.all(this.#servers.map((server) => server.remove()));
    this.#network?.remove();
    rmSync(this.#folder, { recursive: true });
    scenes.delete(this);
  }

  /** The same at once, as this process ends. */
  drop(): void {
    for (const worker of this.#workers) worker.process.kill("SIGKILL");
    for (const server of this.#servers) server.signal("SIGKILL");
    this.#network?.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Runs something with a scene, and clears that away whatever happens. */
export async function withScene<Result>(use: (scene: Scene) => Promise<Result>): Promise<Result> {
  const scene = new Scene();
  try {
    return await use(scene);
  } finally {
    await scene.end();
  }
}

/** The peer of a member, once it is there and ready. */
export async function peerOf(mesh: Mesh, { place: { instance } }: Worker): Promise<Peer> {
  for (;;) {
    const member = mesh.members.find((each) => each.instance === instance);
    if (member) {
      await bus.to(member.peer).ready();
      return member.peer;
    }
    await new Promise((resolve) => mesh.once("join", resolve));
  }
}

/** Resolves when somebody leaves, to who, why, and when that was told. */
export function departure(mesh: Mesh, worker: Worker): Promise<{ reason: string; at: number }> {
  return new Promise((resolve) => {
    const told = (member: Member, reason: string) => {
      if (member.instance !== worker.place.instance) return;
      mesh.off("leave", told);
      resolve({ reason, at: performance.now() });
    };
    mesh.on("leave", told);
  });
}

/** Throws with what is wrong, if anything is. */
export function judge(wrong: readonly string[]): void {
  if (wrong.length > 0) throw new Error([`${wrong.length} wrong`, ...wrong.slice(0, 5)].join("\n"));
}
