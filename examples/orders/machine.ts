// A machine: a process that starts others, and ends with whoever started it, as they do with it.
// node machine.js [FILE, ARGUMENT, ...] ..., each a list in JSON
import { spawn } from "node:child_process";

for (const parameters of process.argv.slice(2)) {
  const list = JSON.parse(parameters) as string[];
  spawn(process.execPath, list, { stdio: ["pipe", "inherit", "inherit"] });
}
process.stdin.resume().once("end", () => process.exit());
