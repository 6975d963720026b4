import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import type { Context } from "mocha";

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

/** A server of a spec's own, on a port that was free, which it keeps when it is started again. */
export class NatsServer {
  readonly #folder = mkdtempSync(joinPath(tmpdir(), "clusterphone-nats-"));
  readonly #config: string;
  #port = -1;
  #process: ChildProcess | undefined;

  /** With the text of a configuration, if it needs one. */
  constructor(config = "") {
    this.#config = joinPath(this.#folder, "server.conf");
    writeFileSync(this.#config, config);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    const known = ["-a", "127.0.0.1", "-p", String(this.#port), "-c", this.#config];
    const started = spawn("nats-server", [...known, "--ports_file_dir", this.#folder], {
      stdio: "ignore",
    });
    this.#process = started;
    const file = joinPath(this.#folder, `nats-server_${started.pid}.ports`);
    const ports = await written(file, this.#folder);
    this.#port = Number(new URL(ports.nats[0] ?? "").port);
    return this;
  }

  /** Sends it a signal: SIGSTOP and SIGCONT, or an end. */
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

  /** Ends it, and leaves nothing. */
  async remove(): Promise<void> {
    await this.end();
    rmSync(this.#folder, { recursive: true });
  }
}

/** What a server has written about its ports, once it has. */
function written(file: string, folder: string): Promise<{ nats: string[] }> {
  return new Promise((resolve) => {
    const look = () => {
      try {
        const ports = JSON.parse(readFileSync(file, "utf8")) as { nats: string[] };
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
