// A child in which others use the channel too.
import { bus } from "../../lib/index.ts";

const [how] = process.argv.slice(2);
const seen: unknown[] = [];
const note = (message: unknown) => {
  seen.push(message);
};

bus.on("seen", () => seen);
bus.on("listen", () => {
  process.on("message", note);
});
bus.on("prepend", () => {
  process.prependOnceListener("message", (message) => note({ once: message }));
});
bus.on("say", (text) => {
  process.send?.(text);
});
bus.on("speak", () => {
  process.send?.({ from: "somebody else" });
  process.send?.("a text");
});
if (how === "first") process.on("message", note);
