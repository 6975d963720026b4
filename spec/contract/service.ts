import type { Bus } from "../../lib/bus/bus.ts";
import type { PeerTarget } from "../../lib/index.ts";
import { cases } from "./cases.ts";
import { describePayload, samples } from "./samples.ts";

/** The names of the namespaces that every end of a contract opens, two of them late; `never` is opened by none. */
export const SERVICE = "contract";
export const LATE = "contract-late";
export const LATE_SAMPLES = "contract-late-samples";

/** What the contract suite talks to, the same at every end of every link. */
export function serve(central: Bus, upward: PeerTarget | undefined): void {
  const app = central.ns(SERVICE);
  const seen: unknown[] = [];
  app.on("echo", (data) => data);
  app.on("echo-later", async (data) => {
    await new Promise((resolve) => setImmediate(resolve));
    return data;
  });
  app.on("type-of", (data) => typeof data);
  app.on("note", (data) => {
    seen.push(data);
  });
  app.on("noted", () => seen.splice(0));
  app.on("never-answers", () => new Promise(() => {}));
  app.on("throw", (data) => {
    if (data === "null") throw null;
    if (data === "unreadable") {
      throw Object.defineProperty(new Error(), "message", {
        get() {
          throw new Error("no message for you");
        },
      });
    }
    if (data === "text") throw "just a text";
    const cause = new RangeError("the reason");
    throw Object.assign(new TypeError("it failed", { cause }), {
      code: "E_TEST",
      extra: { a: [1] },
    });
  });
  app.on("bad-reply", () => ({ nested: { value: () => "functions and BigInts", big: 1n } }));
  app.on("mutate", (data) => {
    const given = data as { list: number[] };
    given.list.push(4);
    return given.list.length;
  });
  app.on("several", () => undefined);
  app.on("several", async () => {
    await Promise.resolve();
    return "first";
  });
  app.on("several", () => "second");
  app.on("one-fails", () => "fine");
  app.on("one-fails", async () => {
    throw new Error("later listener");
  });
  app.on("one-fails", () => {
    throw new Error("last listener");
  });
  for (const name of ["__proto__", "constructor", "toString", "error", "newListener"]) {
    app.on(name, () => name);
  }
  app.on("once-only", () => app.once("fleeting", () => "here"));
  app.on("ask-back", (data, message) => app.to(message.peer).emit("echo", data).ackd());
  app.on("aborts", (_, message) => {
    return new Promise((resolve) => {
      const { signal } = message;
      signal.addEventListener("abort", () => {
        seen.push((signal.reason as { code: string }).code);
        resolve("aborted");
      });
    });
  });
  app.on("open-late", () => {
    central.ns(LATE).on("echo", (data) => data);
  });
  app.on("describe", describePayload);
  app.on("sample", (name) => samples[name as string]);
  app.on("open-late-samples", () => {
    central.ns(LATE_SAMPLES).on("describe", describePayload);
  });
  app.on("run-case", async (title) => {
    if (!upward) throw new Error("this end has no way up");
    const found = cases.find((each) => each.title === title);
    if (!found) throw new Error(`no case is called ${String(title)}`);
    await found.run(central, upward);
  });
}
