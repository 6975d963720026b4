// Has nothing to do but to wait until its parent takes messages.
import { bus } from "../../lib/index.ts";

// Comes only if something else keeps the process alive.
setTimeout(() => process.stdout.write("waiting\n"), 200).unref();
await bus.ns("late").to("parent").ready();
process.stdout.write("ready\n");
