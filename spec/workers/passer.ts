// Passes everything on, both ways, as `node --watch` does; with "bus" it has a bus of its own. "restart" starts its child anew.
import { type ChildProcess, fork, type Serializable } from "node:child_process";
import { bus } from "../../lib/index.ts";
import { entryOf } from "../support/processes.ts";

const [how, serialization, ...args] = process.argv.slice(2);
if (how === "bus") bus.on("who", () => "the one between");
let child: ChildProcess = run();

process.on("message", (message: Serializable) => {
  if (message !== "restart") {
    child.send(message, () => undefined);
    return;
  }
  child.once("exit", () => {
    child = run();
  });
  child.kill("SIGKILL");
});
function run(): ChildProcess {
  const options = { execArgv: [], serialization: serialization as "json" | "advanced" };
  const started = fork(entryOf("identity"), args, options);
  started.on("message", (message: Serializable) => process.send?.(message));
  return started;
}
