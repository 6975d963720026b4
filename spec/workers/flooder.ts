// A process of its own for the memory of a sender: it floods a child that is stopped, and tells what came of it.
import { fork } from "node:child_process";
import { bus, isBusError } from "../../lib/index.ts";
import { turn } from "../support/buses.ts";
import { entryOf } from "../support/processes.ts";

/** What the flood did. */
export interface Flood {
  /** Bytes that the resident set has grown by at its highest, before the receiver went on. */
  readonly growth: number;
  readonly reported: number;
  readonly refused: number;
  /** The numbers that arrived, as they came. */
  readonly noted: readonly number[];
}

async function flood(count: number): Promise<Flood> {
  const child = fork(entryOf("receiver"), { execArgv: [] });
  const peer = bus.to(child);
  await peer.emit("echo").ackd();
  child.kill("SIGSTOP");
  let reported = 0;
  let refused = 0;
  const settled: Promise<unknown>[] = [];
  bus.lifecycle.on("undelivered", () => reported++);
  const before = process.memoryUsage.rss();
  let peak = before;
  for (let i = 0; i < count; i++) {
    const receipt = peer.emit("note", `${i}`.padStart(100, "."));
    if (i % 1000 === 999) {
      // For ever, so that no slow machine makes one time out that has been delivered.
      const acknowledged = receipt.within(Infinity).ackd();
      settled.push(acknowledged.catch((error: unknown) => isBusError(error) && refused++));
      await turn();
      peak = Math.max(peak, process.memoryUsage.rss());
    }
  }
  child.kill("SIGCONT");
  await Promise.all(settled);
  const texts = (await peer.emit("noted").ackd()) as string[];
  child.disconnect();
  const noted = texts.map((text) => Number(text.replaceAll(".", "")));
  return { growth: peak - before, reported, refused, noted };
}

bus.to("parent").emit("flooded", await flood(Number(process.argv[2])));
