import { setTimeout as sleep } from "node:timers/promises";
import { bus } from "../../lib/index.ts";
import { join, type Mesh } from "../../lib/nats/index.ts";
import { PRIMARY, type Recorder } from "../oracle/facts.ts";
import { hasServer, NatsServer } from "../support/nats.ts";
import { Cable } from "./cable.ts";

/** What remote participants are called. */
export const REMOTES = "remotes";
/** What may become of the server, or of the cable between it and all who are remote. */
export type Harm = "kill" | "stop" | "lame duck" | "cut";

const CONFIG = 'lame_duck_duration: "30s"\nlame_duck_grace_period: "100ms"\n';
/** A server that sends its clients away one by one is not waited for longer than this, in ms. */
const LAME = 1500;
/** ms within which everybody has a server again once there is one. */
const RETURN = 1000;
/** ms after which it is missed that somebody is told to be gone. */
const FORGETTING = 15_000;

/** The server that carries what the primary and remote participants say to each other, and the cable to the latter. */
export class Engine {
  readonly #server: NatsServer;
  readonly #cable: Cable;
  readonly #mesh: Mesh;
  #harm: Promise<void> | undefined;

  private constructor(server: NatsServer, cable: Cable, mesh: Mesh) {
    this.#server = server;
    this.#cable = cable;
    this.#mesh = mesh;
  }

  /** The primary joins too. Nothing where there is no server. */
  static async start(): Promise<Engine | undefined> {
    if (!hasServer()) return undefined;
    const server = await new NatsServer(CONFIG).start();
    process.once("exit", () => server.signal("SIGKILL"));
    const mesh = await join(bus, { name: PRIMARY, instance: "1", servers: server.url });
    return new Engine(server, await Cable.lay(() => server.url), mesh);
  }

  /** For those who are remote. */
  get url(): string {
    return this.#cable.url;
  }

  /** Nobody who is remote hears anything for a while, which is on record as their pause. One harm at a time. */
  harm(how: Harm, ms: number, remotes: () => readonly string[], record: Recorder): void {
    this.#harm ??= this.#do(how, ms).then((at) => {
      for (const who of remotes()) record({ is: "paused", at, who, until: Date.now() });
      this.#harm = undefined;
    });
  }

  /** Resolves when the server is as it was. */
  async whole(): Promise<void> {
    await this.#harm;
  }

  /** Resolves when a participant has joined, or to nothing when it will not any more. */
  async joined(name: string, ended: Promise<void>): Promise<void> {
    const isThere = () => this.#mesh.members.some(({ instance }) => instance === name);
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((done) => (resolve = done));
    const look = () => isThere() && resolve();
    this.#mesh.on("join", look);
    look();
    await Promise.race([promise, ended]);
    this.#mesh.off("join", look);
  }

  /** Resolves when nobody is known any more, or to those who are still. */
  async forgotten(): Promise<string[]> {
    const until = performance.now() + FORGETTING;
    while (this.#mesh.members.length > 0 && performance.now() < until) await sleep(50);
    return this.#mesh.members.map(({ instance }) => instance);
  }

  async #do(how: Harm, ms: number): Promise<number> {
    const at = Date.now();
    if (how === "cut") {
      this.#cable.cut();
      await sleep(ms);
      this.#cable.mend();
    } else if (how === "stop") {
      this.#server.signal("SIGSTOP");
      await sleep(ms);
      this.#server.signal("SIGCONT");
    } else {
      if (how === "lame duck") {
        this.#server.signal("SIGUSR2");
        await Promise.race([this.#server.ended(), sleep(LAME)]);
      }
      await this.#server.end("SIGKILL");
      await sleep(ms);
      await this.#server.start();
    }
    await sleep(RETURN);
    return at;
  }
}
