// npm run check:machines -- [--short] [WORD]
// What is said of machines on a bad day, shown with real processes and a real server: servers and members that are killed
// and stopped, cables that are cut, floods, and what a hundred members take that have nothing to do.
// Not part of the suite: it takes some minutes, and most of it is about time.
import { conclude } from "../support/checks.ts";
import { hasServer } from "../support/nats.ts";
import { hasNetworks } from "../support/network.ts";
import { short, show } from "../support/shown.ts";
import { cutCable } from "./cable.ts";
import { failOver } from "./cluster.ts";
import { killMembers, sayGoodbye } from "./deaths.ts";
import { floodStopped, MOST_GROWTH } from "./flood.ts";
import { idle } from "./idle.ts";
import { restartServer } from "./restarts.ts";
import { talkAcross } from "./versions.ts";

// Ends what was started, too.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(1));
}

if (hasServer()) {
  const ends = short ? 6 : 100;
  await show(`the server ends ${ends} times under load`, () => restartServer(ends));
  await show("Node 20.19.0 and Node 26 talk to each other", () => talkAcross("20.19.0", "26"));
  await show("a cluster of two servers, each killed", () => failOver("killed"));
  if (hasNetworks()) {
    await show("two machines, the cable cut for 3 s", () =>
      cutCable({ milliseconds: 3000, isTold: false, depth: 16, bytes: 100 }),
    );
  }
  // What is about time and memory needs a machine that does nothing else.
  if (!short) await showSlowly();
}
conclude();

async function showSlowly(): Promise<void> {
  await show("a member is killed", () => killMembers(5));
  await show("a member says goodbye", () => sayGoodbye(20));
  await show("a cluster of two servers, each stopped for 12 s", () => failOver("stopped"));
  await show("a cluster of two servers, each a lame duck", () => failOver("a lame duck"));
  if (hasNetworks()) {
    // So much that the server cannot get rid of it, and gives up who does not take it.
    const much = { depth: 512, bytes: 10_000, crowd: 7 };
    await show("two machines, the cable cut for 30 s", () =>
      cutCable({ milliseconds: 30_000, isTold: true, ...much }),
    );
  }
  await show("8 members flood one that is stopped for 2 s", () =>
    floodStopped({ milliseconds: 2000, most: MOST_GROWTH }),
  );
  // In so long a time V8 lets garbage lie as long as there is room: here there is as much as what is in use needs, and some.
  await show("the same for 20 s, with a heap of 48 MB each", () =>
    floodStopped({
      milliseconds: 20_000,
      most: MOST_GROWTH,
      flags: ["--max-old-space-size=48"],
    }),
  );
  await show("100 idle members", () => idle(100, 20_000));
}
