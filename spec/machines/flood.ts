import { setTimeout as sleep } from "node:timers/promises";
import { isInOrder, liesIn, type Outcome } from "../support/load.ts";
import { judge, withScene } from "./scene.ts";
import { APART, type Flooded } from "./wishes.ts";

const SENDERS = 8;
const BYTES = 10_000;
const MEBIBYTE = 2 ** 20;
/** Bytes that a sender may grow by, garbage included. */
export const MOST_GROWTH: number = 64 * MEBIBYTE;
/** What stands for an error, by what it says of the message. */
const ERRORS: Readonly<Record<string, Outcome["error"]>> = {
  y: undefined,
  n: { executed: "no", message: "it did not run" } as Outcome["error"],
  m: { executed: "maybe", message: "it may have run" } as Outcome["error"],
};
/** Longer than the receiver is stopped, in ms: it is flooded also while it goes on. */
const OVER = 500;

interface Flood {
  /** Of the receiver's stop, in ms. */
  readonly milliseconds: number;
  /** Of the server. */
  readonly config?: string;
  /** Bytes that a sender may grow by. */
  readonly most?: number;
  /** Of the Node of each sender. */
  readonly flags?: readonly string[];
}

/** Eight members flood one that is stopped. */
export async function floodStopped({
  milliseconds,
  config = "",
  most = Infinity,
  flags = [],
}: Flood): Promise<string> {
  return await withScene(async (scene) => {
    const server = await scene.serve(config);
    const receiver = await scene.start("orders", "1", [server]);
    const senders = await Promise.all(
      Array.from({ length: SENDERS }, (_, index) =>
        scene.start("web", `${index}`, [server], { flags }),
      ),
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
    const { ran } = receiver;
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
      ...(areInOrder(ran) ? [] : ["out of order"]),
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

/** What was said of each message of a flood, by its letter. What has not settled at all is a fault as well. */
function liesOf(
  floods: readonly Flooded[],
  offset: number,
  ran: readonly number[],
): readonly string[] {
  const said = floods.flatMap(({ executed }, sender) =>
    [...executed].map((letter, index) => ({ letter, id: sender * APART + offset + index + 1 })),
  );
  const open = said.filter(({ letter }) => !(letter in ERRORS));
  return [
    ...open.map(({ id, letter }) => `${id} was said to: ${letter}`),
    ...liesIn(
      said.map(({ id, letter }) => ({ id, error: ERRORS[letter] })),
      ran,
    ),
  ];
}

/** Whether what each sender sent ran in its order. */
function areInOrder(ran: readonly number[]): boolean {
  return Array.from({ length: SENDERS }, (_, sender) =>
    ran.filter((id) => Math.floor(id / APART) === sender),
  ).every(isInOrder);
}

function inMebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(0)} MiB`;
}
