import type { ChildProcess } from "node:child_process";
import { MessageChannel } from "node:worker_threads";
import { expect } from "chai";
import fc from "fast-check";
import type { Target } from "../../lib/emit/target.ts";
import { bus } from "../../lib/index.ts";
import { lonelyBus } from "../support/buses.ts";
import { describeWhole } from "../support/describe.ts";
import { endAll, start } from "../support/processes.ts";
import { kinds, type Make, strange } from "../support/values.ts";

/** How many values are sent, a channel. */
const VALUES = Number(process.env["VALUES"] ?? 400);
/** The suite tries the same values each time; a longer look, `VALUES=100000`, tries new ones. */
const SEEDED = process.env["VALUES"] ? {} : { seed: 20 };
const AT_ONCE = 50;
const REFUSED = "refused";

/** A channel whose other side tells what has arrived. */
interface Channel {
  /** What arrives of a payload that is sent without a bus. */
  plain(payload: unknown): Promise<string>;
  readonly target: Target;
  /** Resolves when all has been written. */
  flushed(): Promise<void>;
  close(): void;
}

type Kind = "json" | "advanced" | "clone";

function open(kind: Kind): Channel {
  return kind === "clone" ? openPorts() : openChild(kind);
}

function openChild(serialization: "json" | "advanced"): Channel {
  const child = start("describer", [], { serialization });
  child.setMaxListeners(0);
  return {
    plain: (payload) => plainly(child, payload),
    target: bus.to(child),
    flushed: () => bus.flushed(),
    close: () => child.kill("SIGKILL"),
  };
}

let plains = 0;

function plainly(child: ChildProcess, payload: unknown): Promise<string> {
  return new Promise((resolve) => {
    const plain = ++plains;
    const take = (answer: { plain?: number; text?: string }) => {
      if (answer.plain !== plain) return;
      child.off("message", take as never);
      resolve(answer.text ?? "");
    };
    child.on("message", take as never);
    try {
      child.send({ plain, "": payload });
    } catch {
      child.off("message", take as never);
      resolve(REFUSED);
    }
  });
}

function openPorts(): Channel {
  const [here, there] = [lonelyBus().bus, lonelyBus().bus];
  there.on("see", describeWhole);
  there.on("fill", () => undefined);
  const ours = new MessageChannel();
  const plain = new MessageChannel();
  const waiting: ((text: string) => void)[] = [];
  plain.port2.on("message", (value) => waiting.shift()?.(describeWhole(value)));
  there.to(ours.port2);
  return {
    plain: (payload) =>
      new Promise((resolve) => {
        try {
          plain.port1.postMessage(payload);
          waiting.push(resolve);
        } catch {
          resolve(REFUSED);
        }
      }),
    target: here.to(ours.port1),
    flushed: () => here.flushed(),
    close: () => {
      ours.port1.close();
      plain.port1.close();
    },
  };
}

/** What a receipt ends with: what has arrived, or that it was refused. */
async function seen(target: Target, payload: unknown): Promise<string> {
  try {
    return (await target.emit("see", payload).within(60_000).ackd()) as string;
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return code === "ERR_NOT_SERIALIZABLE" ? REFUSED : `${code} ${message}`;
  }
}

/** Every way of sending, each to a channel that is fit for it. */
type Way = (channels: readonly Channel[], makes: readonly Make[]) => Promise<string[][]>;

const all = (target: Target, makes: readonly Make[]) =>
  Promise.all(makes.map((make) => seen(target, make())));

const ways: Readonly<Record<string, Way>> = {
  "at once": async ([channel], makes) => {
    const texts: string[] = [];
    for (const make of makes) texts.push(await seen((channel as Channel).target, make()));
    return [texts];
  },
  "in a batch": async ([channel], makes) => [await all((channel as Channel).target, makes)],
  "waiting for a write": async ([channel], makes) => {
    const { target, flushed } = channel as Channel;
    await flushed();
    // More than a channel is given before the system has taken it, and more frames than are on their way to a thread.
    for (let frame = 0; frame < 130; frame++) target.emit("fill", "x".repeat(70_000));
    await Promise.resolve();
    return [await all(target, makes)];
  },
  "to several peers": async (channels, makes) => {
    const texts = makes.map((make) => {
      const payload = make();
      return channels.map(({ target }) => seen(target, payload));
    });
    const [first, second] = await Promise.all(
      [0, 1].map((peer) => Promise.all(texts.map((text) => text[peer] as Promise<string>))),
    );
    return [first as string[], second as string[]];
  },
};

/** What plain sending makes of the values: once, or for two peers one after the other. */
async function expected(channels: readonly Channel[], makes: readonly Make[]): Promise<string[][]> {
  const texts = makes.map((make) => {
    const payload = make();
    // A bus takes no function, where JSON would send nothing in its place.
    if (typeof payload === "function" || typeof payload === "symbol") {
      return channels.map(() => Promise.resolve(REFUSED));
    }
    return channels.map((channel) => channel.plain(payload));
  });
  return Promise.all(
    channels.map((_, peer) => Promise.all(texts.map((text) => text[peer] as Promise<string>))),
  );
}

/**
 * The differences that are known, named in docs/what-arrives.md. From Node 22 on `advanced` carries a typed array whose
 * prototype was replaced, or whose buffer was transferred: the serializer that Node gives to others, with which payloads are
 * read ahead, refuses it.
 * Where the channel is not known yet an object is read once, that JSON reads in each place.
 * And elsewhere than in `json` instances are read after plain objects: where one of these refuses the first peer, an
 * instance beside it was not read by then.
 */
function isKnown(name: string | undefined, arrived: string | undefined, place: Place): boolean {
  if (name === undefined) return false;
  if (arrived === REFUSED) {
    const isCloned = place.kind !== "json";
    return name.includes("bytes in disguise") || (isCloned && name.includes("transferred bytes"));
  }
  if (name.includes("twice of") && name.includes("counts")) return true;
  const isReadLater = place.kind !== "json" && place.peer > 0;
  return (
    isReadLater &&
    ["instance with a getter that counts", "fails once"].every((each) => name.includes(each))
  );
}

/** Where something has arrived. */
interface Place {
  readonly kind: string;
  /** Of several that got it, which. */
  readonly peer: number;
}

/** What is large is read once for several peers, so that the second may get what the first did. */
function compare(
  kind: string,
  names: readonly string[],
  arrived: string[][],
  plain: string[][],
): void {
  const differing = plain.flatMap((texts, peer) =>
    texts.flatMap((text, index) =>
      [text, plain[0]?.[index]].includes(arrived[peer]?.[index]) ||
      isKnown(names[index], arrived[peer]?.[index], { kind, peer })
        ? []
        : [
            {
              name: names[index],
              peer,
              plain: text.slice(0, 300),
              arrived: arrived[peer]?.[index]?.slice(0, 300),
            },
          ],
    ),
  );
  expect(differing.slice(0, 12), JSON.stringify(differing.slice(0, 12), null, 1)).to.deep.equal([]);
}

describe("a payload has one meaning", () => {
  for (const kind of ["json", "advanced", "clone"] as const) {
    describe(`on a channel with ${kind}`, () => {
      let channels: Channel[] = [];
      const names = kinds.map(([name]) => name);
      const makes = kinds.map(([, make]) => make);

      before(async () => {
        channels = [open(kind), open(kind)];
        await Promise.all(channels.map(({ target }) => target.emit("see").within(60_000).ackd()));
      });

      after(async () => {
        for (const channel of channels) channel.close();
        await endAll();
      });

      for (const [name, way] of Object.entries(ways)) {
        const used = () => (name === "to several peers" ? channels : channels.slice(0, 1));

        it(`each kind by itself, ${name}`, async () => {
          compare(kind, names, await way(used(), makes), await expected(used(), makes));
        });

        it(`whatever it is made of, ${name}`, async () => {
          await fc.assert(
            fc.asyncProperty(
              fc.array(strange, { minLength: 1, maxLength: AT_ONCE }),
              async (values) => {
                const made = values.map(([, make]) => make);
                const plain = await expected(used(), made);
                compare(
                  kind,
                  values.map(([each]) => each),
                  await way(used(), made),
                  plain,
                );
              },
            ),
            { ...SEEDED, numRuns: Math.ceil(VALUES / AT_ONCE), interruptAfterTimeLimit: 3_000_000 },
          );
        });
      }

      it("each kind by itself, waiting for the hello", async () => {
        const fresh = open(kind);
        const arrived = [await all(fresh.target, makes)];
        fresh.close();
        compare(kind, names, arrived, await expected(channels.slice(0, 1), makes));
      });

      it("whatever it is made of, waiting for the hello", async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(strange, { minLength: 1, maxLength: AT_ONCE * 2 }),
            async (values) => {
              const made = values.map(([, make]) => make);
              const fresh = open(kind);
              const arrived = [await all(fresh.target, made)];
              fresh.close();
              compare(
                kind,
                values.map(([each]) => each),
                arrived,
                await expected(channels.slice(0, 1), made),
              );
            },
          ),
          {
            ...SEEDED,
            numRuns: Math.ceil(VALUES / AT_ONCE / 2),
            interruptAfterTimeLimit: 3_000_000,
          },
        );
      });
    });
  }
});
