import { spawn } from "node:child_process";
import { once } from "node:events";

/** Milliseconds from start to exit of a process that runs the file. */
export async function lifeOf(file: string): Promise<number> {
  const start = performance.now();
  const [code] = await once(spawn(process.execPath, [file], { stdio: "ignore" }), "exit");
  if (code !== 0) throw new Error(`${file} ended with ${code}`);
  return performance.now() - start;
}
