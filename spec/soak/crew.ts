import { type ChildProcess, fork, spawn } from "node:child_process";
import cluster, { type Worker as ClusterWorker } from "node:cluster";
import { writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker as Thread } from "node:worker_threads";
import type { Peer, PeerTarget } from "../../lib/index.ts";
import type { Recorder } from "../oracle/facts.ts";
import { REMOTES } from "./engine.ts";
import type { Kind } from "./plan.ts";
import type { Addressee } from "./speaker.ts";

type Started = ClusterWorker | ChildProcess | Thread;

const entry = fileURLToPath(new URL(`participant${import.meta.url.slice(-3)}`, import.meta.url));

/** A process or thread of the soak, from its start to its end. */
export class Participant implements Addressee {
  readonly name: string;
  readonly kind: Kind;
  readonly log: string;
  /** For `to()`. */
  readonly target: PeerTarget;
  readonly ended: Promise<void>;
  isOver = false;
  readonly #started: Started;
  readonly #record: Recorder;
  #isDisconnected = false;
  #stoppedAt: number | undefined;
  #continue: NodeJS.Timeout | undefined;

  constructor(name: string, kind: Kind, started: Started, log: string, record: Recorder) {
    this.name = name;
    this.kind = kind;
    this.target = kind === "remote" ? { name: REMOTES, instance: name } : started;
    this.#started = started;
    this.log = log;
    this.#record = record;
    record({ is: "born", at: Date.now(), who: name, kind });
    started.on("error", (error: Error) => this.#fail(error));
    this.ended = new Promise((resolve) => {
      started.once("exit", (code: number | null, signal: string | null = null) => {
        this.#over(code, signal);
        resolve();
      });
    });
  }

  /** The process, unless it is a thread. */
  get process(): ChildProcess | undefined {
    const started = this.#started;
    if (started instanceof Thread) return undefined;
    return "process" in started ? started.process : started;
  }

  get isStopped(): boolean {
    return this.#stoppedAt !== undefined;
  }

  /** SIGSTOP, and SIGCONT so many ms later. A thread cannot be stopped. */
  stop(ms: number): void {
    const { process } = this;
    if (!process || this.isOver || this.isStopped) return;
    this.#stoppedAt = Date.now();
    stopped.add(this);
    tellGuard();
    process.kill("SIGSTOP");
    this.#continue = setTimeout(() => this.continue(), ms);
  }

  continue(): void {
    if (!this.isStopped) return;
    this.process?.kill("SIGCONT");
    this.#endPause();
  }

  kill(): void {
    if (this.isOver) return;
    this.#told("kill");
    if (this.#started instanceof Thread) void this.#started.terminate();
    else this.process?.kill("SIGKILL");
  }

  /** From this side. A thread loses its channel with its end only, and who is remote has none. */
  disconnect(): void {
    const started = this.#started;
    if (started instanceof Thread || this.kind === "remote") {
      this.kill();
    } else if (!this.isOver && !this.#isDisconnected && this.process?.connected) {
      // A second one would crash the worker.
      this.#isDisconnected = true;
      this.#told("disconnect");
      started.disconnect();
    }
  }

  #told(what: "kill" | "disconnect"): void {
    this.#record({ is: "told", at: Date.now(), who: this.name, what });
  }

  /** Of a process, Node tells here that it was dead already when it was to disconnect. */
  #fail(error: Error): void {
    if (this.process) return;
    this.#record({ is: "crashed", at: Date.now(), who: this.name, text: String(error.stack) });
  }

  #over(code: number | null, signal: string | null): void {
    this.isOver = true;
    if (this.isStopped) this.#endPause();
    this.#record({ is: "ended", at: Date.now(), who: this.name, code, signal });
  }

  #endPause(): void {
    const at = this.#stoppedAt ?? Date.now();
    this.#stoppedAt = undefined;
    clearTimeout(this.#continue);
    stopped.delete(this);
    tellGuard();
    this.#record({ is: "paused", at, who: this.name, until: Date.now() });
  }
}

/** Starts participants, and sees to it that none outlives the soak. */
export class Crew {
  readonly #directory: string;
  readonly #record: Recorder;
  readonly #url: string | undefined;
  readonly everybody: Participant[] = [];

  /** `url`: of the server of those who are remote, if there is one. */
  constructor(directory: string, record: Recorder, url: string | undefined) {
    this.#url = url;
    this.#directory = directory;
    this.#record = record;
  }

  start(wanted: Kind, serialization: "json" | "advanced", seed: number): Participant {
    const kind = wanted === "remote" && this.#url === undefined ? "json" : wanted;
    const name = `${kind}-${++names}`;
    const log = join(this.#directory, `${name}.jsonl`);
    // It may be killed before it writes a word.
    writeFileSync(log, "");
    const target = launch(kind, [name, log, `${seed}`], serialization, this.#url);
    const participant = new Participant(name, kind, target, log, this.#record);
    this.everybody.push(participant);
    living.add(participant);
    void participant.ended.then(() => living.delete(participant));
    return participant;
  }

  /** The names of those who are remote. */
  get remotes(): string[] {
    return this.everybody.filter(({ kind }) => kind === "remote").map(({ name }) => name);
  }

  /** Who is behind a peer. */
  nameOf({ kind, instance, target }: Peer): string {
    const isMeant = (each: Participant) =>
      kind === "remote" ? each.name === instance : each.target === target;
    return this.everybody.find(isMeant)?.name ?? "a stranger";
  }
}

let names = 0;
let tellGuard = (): void => {};
const living = new Set<Participant>();
const stopped = new Set<Participant>();

function launch(kind: Kind, args: string[], serialization: "json" | "advanced", url = ""): Started {
  const execArgv = ["--enable-source-maps"];
  switch (kind) {
    case "worker":
      cluster.setupPrimary({ exec: entry, args, execArgv, serialization });
      return cluster.fork();
    case "thread":
      return new Thread(entry, { workerData: args, execArgv });
    case "remote":
      return spawn(process.execPath, [...execArgv, entry, ...args, url], {
        stdio: ["ignore", "inherit", "inherit"],
      });
    case "json":
    case "advanced":
      return fork(entry, args, { execArgv, serialization: kind });
  }
}

/** Kills whatever is left, at once. */
export function killAll(): void {
  for (const { process } of living) process?.kill("SIGKILL");
}

/**
 * A stopped process cannot see that its parent is gone. So somebody else kills those that are stopped
 * when the soak is killed itself: the end of a pipe tells it.
 */
export function guardStopped(): void {
  const script = 'while read -r line; do pids=$line; done; [ -z "$pids" ] || kill -9 $pids';
  const guard = spawn("sh", ["-c", script], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.unref();
  (guard.stdin as Socket).unref();
  tellGuard = () => {
    const pids = [...stopped].map(({ process }) => process?.pid);
    guard.stdin.write(`${pids.join(" ")}\n`);
  };
}
