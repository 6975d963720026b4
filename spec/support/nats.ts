import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import type { Context } from "mocha";
import type { Machine } from "./network.ts";

let isThere: boolean | undefined;

/** Whether there is a `nats-server`; if not it is said, and in CI that is a failure. */
export function hasServer(): boolean {
  isThere ??= isInstalled();
  if (isThere) return true;
  const text = "there is no nats-server: apt-get install nats-server";
  if (process.env["CI"]) throw new Error(text);
  console.log(`      skipped: ${text}`);
  return false;
}

/** Skips a suite where there is none. To be called in `before`. */
export function needsServer(context: Context): void {
  if (!hasServer()) context.skip();
}

function isInstalled(): boolean {
  try {
    execFileSync("nats-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const HERE: Machine = { address: "127.0.0.1", enter: [] };

interface ServerOptions {
  readonly machine?: Machine;
  /** In a cluster with that server, which has been started, or the first of one. */
  readonly cluster?: NatsServer | "first";
}

/** A server of a spec's own, on ports that were free, which it keeps when it is started again. */
export class NatsServer {
  readonly #folder = mkdtempSync(joinPath(tmpdir(), "clusterphone-nats-"));
  readonly #config: string;
  readonly #machine: Machine;
  readonly #cluster: NatsServer | "first" | undefined;
  #port = -1;
  #clusterPort = -1;
  #process: ChildProcess | undefined;

  /** With the text of a configuration, if it needs one. */
  constructor(config = "", { machine = HERE, cluster }: ServerOptions = {}) {
    this.#config = joinPath(this.#folder, "server.conf");
    this.#machine = machine;
    this.#cluster = cluster;
    writeFileSync(this.#config, config);
  }

  get url(): string {
    return `nats://${this.#machine.address}:${this.#port}`;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Everything that it has written down. */
  get log(): string {
    return readFileSync(this.#logFile, "utf8");
  }

  async start(): Promise<this> {
    const { address, enter } = this.#machine;
    const [command = "", ...parameters] = [
      ...[...enter, "nats-server", "-a", address, "-p", `${this.#port}`, "-c", this.#config],
      ...["-l", this.#logFile, "--ports_file_dir", this.#folder, ...this.#clustered],
    ];
    const started = spawn(command, parameters, { stdio: "ignore" });
    this.#process = started;
    const file = joinPath(this.#folder, `nats-server_${started.pid}.ports`);
    const ports = await written(file, this.#folder);
    this.#port = portOf(ports.nats);
    this.#clusterPort = portOf(ports.cluster);
    return this;
  }

  /** Sends it a signal: SIGSTOP and SIGCONT, an end, or SIGUSR2, which makes it a lame duck. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const exit = once(running, "exit");
    running.kill(signal);
    await exit;
  }

  /** Resolves when it has ended, by itself or by a signal. */
  async ended(): Promise<void> {
    const running = this.#process;
    if (running && running.exitCode === null && running.signalCode === null) {
      await once(running, "exit");
    }
  }

  /** Ends it, and leaves nothing. */
  async remove(): Promise<void> {
    await this.end();
    rmSync(this.#folder, { recursive: true });
  }

  get #logFile(): string {
    return joinPath(this.#folder, "log");
  }

  get #clustered(): string[] {
    if (!this.#cluster) return [];
    const clustered = ["--cluster_name", "clusterphone", "--cluster", this.#clusterUrl];
    if (this.#cluster === "first") return clustered;
    return [...clustered, "--routes", this.#cluster.#clusterUrl];
  }

  get #clusterUrl(): string {
    return `nats://${this.#machine.address}:${this.#clusterPort}`;
  }
}

interface Ports {
  readonly nats: readonly string[];
  readonly cluster?: readonly string[];
}

function portOf(urls: readonly string[] = []): number {
  return urls[0] === undefined ? -1 : Number(new URL(urls[0]).port);
}

/** What a server has written about its ports, once it has. */
function written(file: string, folder: string): Promise<Ports> {
  return new Promise((resolve) => {
    const look = () => {
      try {
        const ports = JSON.parse(readFileSync(file, "utf8")) as Ports;
        watcher.close();
        resolve(ports);
      } catch {
        // It is not there yet, or not complete.
      }
    };
    const watcher = watch(folder, look);
    look();
  });
}
