// A primary that never answers its worker, which prints what becomes of its question.
import cluster from "node:cluster";
import { writeSync } from "node:fs";
import { load } from "../support/phones.ts";

const [version = ""] = process.argv.slice(2);

if (cluster.isPrimary) {
  const app = load(version).ns("app");
  app.handlers["never"] = () => {
    process.send?.("asked");
  };
  cluster.fork();
} else {
  // A cluster worker would exit by itself before it could tell.
  process.prependListener("disconnect", () => {
    process.exit = (() => undefined) as never;
  });
  load("classic")
    .ns("app")
    .sendToMaster("never")
    .ackd((error) => {
      writeSync(1, String(error?.message));
      process.kill(process.pid, "SIGKILL");
    })
    .catch(() => undefined);
}
