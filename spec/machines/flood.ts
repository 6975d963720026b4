import { setTimeout as sleep } from "node:timers/promises";
import { judge, type Worker, withScene } from "./scene.ts";
import type { Flooded } from "./wishes.ts";

const SENDERS = 8;
const BYTES = 10_000;
const MEBIBYTE = 2 ** 20;
/** Bytes that a sender may grow by, garbage included. */
export const MOST_GROWTH: number = 64 * MEBIBYTE;
/** Numbers of one sender are all below those of the next one. */
const APART = 10 ** 8;
/** Longer than the receiver is stopped, in ms: it is flooded also while it goes on. */
const OVER = 500;

interface Flood {
  /** Of the receiver's stop, in ms. */
  readonly milliseconds: number;
  /** Of the server. */
  readonly config?: string;
  /** Bytes that a sender may grow by. */
  readonly most?: number;
}

/** Eight members flood one that is stopped. */
export async function floodStopped({
  milliseconds,
  config = "",
  most = Infinity,
}: Flood): Promise<string> {
  return await withScene(async (scene) => {
    const server = await scene.serve(config);
    const receiver = await scene.start("orders", "1", [server]);
    const senders = await Promise.all(
      Array.from({ length: SENDERS }, (_, index) => scene.start("web", `${index}`, [server])),
    );
    const flood = (duration: number, offset: number) =>
      Promise.all(
        senders.map(({ wishes }, index) =>
          wishes
            .emit("flood", {
              to: receiver.place,
              bytes: BYTES,
              milliseconds: duration,
              last: index * APART + offset,
            })
            .ackd(),
        ),
      );
    // What they take while nothing is wrong is not what it is about.
    const before = await flood(1000, 0);
    for (const { wishes } of senders) await wishes.emit("seen").ackd();
    receiver.process.kill("SIGSTOP");
    const flooding = flood(milliseconds + OVER, APART / 2);
    await sleep(milliseconds);
    receiver.process.kill("SIGCONT");
    const floods = await flooding;
    // It goes on as ever.
    const after = await flood(100, APART / 2 + APART / 4);
    const cuts = server.log.match(/Slow Consumer.*/g) ?? [];
    const told = await Promise.all(senders.map(({ wishes }) => wishes.emit("seen").ackd()));
    const wasTold = told.map((seen) => seen.some((text) => text.startsWith("1 ")));
    const ran = runsOf(receiver);
    const growth = Math.max(...floods.map((each) => each.growth));
    judge([
      ...liesOf(before, 0, ran),
      ...liesOf(floods, APART / 2, ran),
      ...liesOf(after, APART / 2 + APART / 4, ran),
      // Who is not told goes on where it was.
      ...floods.flatMap(({ executed }, index) => {
        if (wasTold[index])
          return cuts.length > 0 ? [] : ["told that it is gone, and it is not cut off"];
        return executed.includes("m")
          ? ["not told that it is gone, and something may be lost"]
          : [];
      }),
      ...(ran.isSound ? [] : ["out of order"]),
      ...(growth > most ? [`a sender has grown by ${inMebibytes(growth)}`] : []),
    ]);
    const count = (letter: string) =>
      floods.reduce((sum, { executed }) => sum + executed.split(letter).length - 1, 0);
    return [
      `senders grew by ${inMebibytes(growth)} at most`,
      `${count("y")} answered, ${count("n")} did not run, ${count("m")} may have`,
      cuts.length > 0
        ? `the server cut it off; ${wasTold.filter(Boolean).length} were told, the others went on`
        : "the server did not cut it off",
    ].join("; ");
  });
}

interface Runs {
  readonly times: ReadonlyMap<number, number>;
  readonly isSound: boolean;
}

/** What the receiver has run, and whether that was in the order of each sender. */
function runsOf({ ran }: Worker): Runs {
  const times = new Map<number, number>();
  const last: number[] = [];
  let isSound = true;
  for (const id of ran) {
    times.set(id, (times.get(id) ?? 0) + 1);
    const sender = Math.floor(id / APART);
    if (id <= (last[sender] ?? 0)) isSound = false;
    last[sender] = id;
  }
  return { times, isSound };
}

function liesOf(floods: readonly Flooded[], offset: number, { times }: Runs): string[] {
  const lies: string[] = [];
  for (const [sender, { executed }] of floods.entries()) {
    for (const [index, said] of [...executed].entries()) {
      const id = sender * APART + offset + index + 1;
      const runs = times.get(id) ?? 0;
      const isTrue = said === "y" ? runs === 1 : said === "n" ? runs === 0 : runs <= 1;
      if (!isTrue || said === "?") lies.push(`${id} ran ${runs} times, and was said to: ${said}`);
    }
  }
  return lies;
}

function inMebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(0)} MiB`;
}
