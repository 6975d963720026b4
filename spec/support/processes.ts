import { type ChildProcess, type ForkOptions, fork, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a process had to say when it was over. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

const started = new Set<ChildProcess>();

/** On a busy machine a process may take longer to start than a bus waits without a word. */
export const SILENCE: RegExp =
  /^\(node:\d+\) \[CLUSTERPHONE_SILENCE\].*\n(\(Use `node --trace-warnings .*\n)?/gm;

/** The compiled entry point of that name in `spec/workers`. */
export function entryOf(name: string): string {
  const here = import.meta.url;
  return fileURLToPath(new URL(`../workers/${name}${here.slice(-3)}`, here));
}

/** Forks an entry point; `endAll` ends it if the test does not. */
export function start(name: string, args: string[] = [], options: ForkOptions = {}): ChildProcess {
  // Without the suite's own flags: source maps take a while to start with.
  const child = fork(entryOf(name), args, { execArgv: [], ...options });
  started.add(child);
  return child;
}

/** Runs a script to its end and collects what it prints. It may use `clusterphone` by its name. */
export function runScript(
  script: string,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, ...args], {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return ended(child);
}

/** Waits for the end of a process and what it prints until then. */
export function ended(child: ChildProcess): Promise<Ended> {
  started.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      started.delete(child);
      resolve({ code, signal, output: output.replace(SILENCE, "") });
    });
  });
}

/** Ends everything that was started and still runs, and waits for it. */
export async function endAll(): Promise<void> {
  const running = [...started].filter((child) => child.exitCode === null && !child.signalCode);
  started.clear();
  await Promise.all(
    running.map(
      (child) =>
        new Promise<void>((resolve) => {
          child.once("exit", () => resolve());
          child.kill("SIGKILL");
        }),
    ),
  );
}
