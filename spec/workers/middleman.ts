// A child that starts a child of its own, and so can be a parent that dies.
import { fork } from "node:child_process";
import { bus } from "../../lib/index.ts";
import { entryOf } from "../support/processes.ts";

const grandchild = fork(entryOf("orphan"), process.argv.slice(2), { stdio: "inherit" });
bus.to(grandchild);
bus.on("echo", (data) => data);
bus.on("hang", () => new Promise(() => {}));
bus.on("ready", () => {
  bus.to("parent").emit("grandchild", grandchild.pid);
});
