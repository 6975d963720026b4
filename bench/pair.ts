import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Order } from "./driver.ts";
import type { Load, Sample } from "./load.ts";
import type { Framing, Setup } from "./side.ts";

const driver = fileURLToPath(new URL(`driver${import.meta.url.slice(-3)}`, import.meta.url));

/** Two processes that talk to each other: the measured one, and the one that answers it. */
export class Pair {
  readonly label: string;
  readonly setup: Setup;
  /** Whether it has run long enough for its code to be compiled. */
  isWarm = false;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;

  private constructor(label: string, setup: Setup) {
    this.label = label;
    this.setup = setup;
    const command = [process.execPath, ...(setup.flags ?? []), driver, JSON.stringify(setup)];
    if (setup.pinned) command.unshift("taskset", "--cpu-list", "0");
    const [program = "", ...args] = command;
    this.#process = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#process.stdout });
  }

  /** Starts both, and waits until they have spoken to each other. */
  static async start(label: string, setup: Setup): Promise<Pair> {
    const pair = new Pair(label, setup);
    await pair.#answer();
    return pair;
  }

  /** Puts a load on the pair; nothing else should run meanwhile. */
  async carry(load: Load): Promise<Sample> {
    return (await this.obey({ order: "carry", load })) as Sample;
  }

  async tune(framing: Framing): Promise<void> {
    await this.obey({ order: "tune", framing });
  }

  async obey(order: Order): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(order)}\n`);
    return await this.#answer();
  }

  /** Ends both. */
  async stop(): Promise<void> {
    this.#process.stdin.end();
    if (this.#process.exitCode === null && !this.#process.signalCode)
      await once(this.#process, "exit");
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const fail = (code: number | null, signal: string | null) => {
        this.#lines.off("line", take);
        reject(new Error(`${this.label}: the measured process ended with ${signal ?? code}`));
      };
      const take = (line: string) => {
        this.#process.off("exit", fail);
        resolve(JSON.parse(line));
      };
      this.#lines.once("line", take);
      this.#process.once("exit", fail);
    });
  }
}
