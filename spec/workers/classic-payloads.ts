// A primary and a worker of it that show each other what arrived of a number of payloads. The primary prints it.
import cluster from "node:cluster";
import { inspect } from "node:util";
import type { ClassicError } from "../../lib/classic/types.ts";
import { load } from "../support/phones.ts";

const [serialization = "json", mine = "", theirs = ""] = process.argv.slice(2);

class Special {
  own = 1;

  toJSON(): string {
    return "by toJSON";
  }
}

const PAYLOADS: Record<string, unknown> = {
  date: new Date(5),
  buffer: Buffer.from("hi"),
  map: new Map([[1, 2]]),
  within: {
    date: new Date(5),
    set: new Set(["a"]),
    bytes: new Uint8Array([1, 2]),
    none: undefined,
  },
  number: Number.NaN,
  special: new Special(),
  big: { big: 1n },
  function: { text: "x", function: () => 1 },
  nothing: undefined,
  text: "plain",
};
/** Version 1 cannot let wait what the channel does not take: it throws out of its own listener. */
const REFUSED = serialization === "json" ? "big" : "function";

const { handlers, ...rest } = load(mine).ns("app");
const place = cluster.isPrimary ? 1 : 0;
const textOf = (value: unknown) => inspect(value, { breakLength: Infinity });
handlers["show"] = (...parameters) => Promise.resolve(textOf(parameters[place]));
handlers["echo"] = (...parameters) => Promise.resolve(parameters[place]);

type Shown = readonly [what: string, text: unknown];

/** What the other side shows of each payload, or why it could not be sent. */
async function showAll(when: string, show: (payload: unknown) => PromiseLike<unknown>) {
  const shown = Object.entries(PAYLOADS)
    .filter(([what]) => when !== "early" || what !== REFUSED)
    .map(async ([what, payload]): Promise<Shown> => {
      try {
        return [`${when} ${what}`, await show(payload)];
      } catch (error) {
        return [`${when} ${what}`, (error as ClassicError).message];
      }
    });
  return await Promise.all(shown);
}

if (cluster.isPrimary) {
  cluster.setupPrimary({
    args: ["json", theirs],
    execArgv: [],
    serialization: serialization as "json" | "advanced",
  });
  const worker = cluster.fork();
  const show = (payload: unknown) => rest.sendTo(worker, "show", payload).ackd();
  const echo = (payload: unknown) => rest.sendTo(worker, "echo", payload).ackd().then(textOf);
  const early = await showAll("early", show);
  const late = await showAll("late", show);
  const back = await showAll("back", echo);
  const up = await rest.sendTo(worker, "shows").ackd<Shown[]>();
  worker.process.kill("SIGKILL");
  process.stdout.write(JSON.stringify([...early, ...late, ...back, ...up]));
} else {
  const show = (payload: unknown) => rest.sendToMaster("show", payload).ackd();
  const echo = (payload: unknown) => rest.sendToMaster("echo", payload).ackd().then(textOf);
  handlers["shows"] = async () => [
    ...(await showAll("up", show)),
    ...(await showAll("up and back", echo)),
  ];
}
