// A cluster primary that runs the cases of `spec/classic/cases.ts`, one after the other, and tells how each went.
import cluster from "node:cluster";
import { cases } from "../classic/cases.ts";
import { load } from "../support/phones.ts";
import { entryOf } from "../support/processes.ts";

const [mine = "", theirs = "", serialization, ...titles] = process.argv.slice(2);
cluster.setupPrimary({
  exec: entryOf("classic-worker"),
  args: [theirs],
  execArgv: [],
  serialization: serialization === "advanced" ? "advanced" : "json",
});
const phone = load(mine);
const shared = cluster.fork();

for (const title of titles) {
  const found = cases.find((each) => each.title === title);
  const started: ReturnType<typeof cluster.fork>[] = [];
  const fork = () => {
    const worker = cluster.fork();
    started.push(worker);
    return worker;
  };
  let failure: string | undefined;
  try {
    await found?.run({ phone, app: phone.ns("app"), worker: shared, fork });
  } catch (error) {
    failure = String((error as Error).stack);
  }
  for (const worker of started) worker.process.kill("SIGKILL");
  process.send?.({ title, failure });
}
shared.process.kill("SIGKILL");
process.disconnect();
