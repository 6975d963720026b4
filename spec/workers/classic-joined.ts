// A primary, or a worker of it, which loads several copies of clusterphone. Each copy has a namespace of its own name, and the
// first copy has those of the copies that are not there. The primary prints who answered whom, for each of its workers.
import cluster, { type Worker } from "node:cluster";
import { load } from "../support/phones.ts";

/** In ms: whoever does not answer for so long hangs. */
const HANG = 120_000;
const ALL = ["1.0.1", "0.1.0-4", "classic"];
const [mine = "", ...workers] = process.argv.slice(2);
const copies = mine.split("+");
load(mine);

/** The namespaces of this process, by the copies that own them. */
const namespaces = ALL.map((name) => {
  const owner = copies.includes(name) ? name : (copies[0] ?? "");
  const namespace = load(owner).ns(name);
  // How often it was asked, by each worker: once.
  const asked = new Map<unknown, number>();
  namespace.handlers["who"] = (from) => {
    const times = (asked.get(from) ?? 0) + 1;
    asked.set(from, times);
    return new Promise((resolve) => setImmediate(resolve, `${owner} ${asked.get(from)}`));
  };
  return { name, namespace };
});
// The default namespace belongs to all copies, as it did among copies of version 1.
const centrals = copies.map((copy) => {
  const central = load(copy);
  central.handlers[`is ${copy} there`] = () => Promise.resolve(`${copy} is there`);
  return central;
});

async function ask(theirs: string): Promise<string[]> {
  cluster.setupPrimary({ args: [theirs], execArgv: [] });
  const worker = cluster.fork();
  try {
    return await answersOf(worker, theirs);
  } finally {
    worker.process.kill("SIGKILL");
  }
}

async function answersOf(worker: Worker, theirs: string): Promise<string[]> {
  // On a busy machine it takes a while to load three copies, longer than a namespace may stay unknown.
  await new Promise<void>((resolve, reject) => {
    worker.on("message", (message) => message === "loaded" && resolve());
    worker.on("exit", () => reject(new Error("the worker has ended")));
  });
  const answers: string[] = [];
  for (const { name, namespace } of namespaces) {
    answers.push(`${name}: ${await namespace.sendTo(worker, "who").within(HANG).ackd()}`);
  }
  for (const { name, namespace } of namespaces) {
    answers.push(`${name} up: ${await namespace.sendTo(worker, "up").within(HANG).ackd()}`);
  }
  for (const central of centrals) {
    for (const copy of theirs.split("+")) {
      const asked = central.sendTo(worker, `is ${copy} there`).within(HANG);
      answers.push(String(await asked.ackd()));
    }
  }
  return answers;
}

if (cluster.isPrimary) {
  const answers = workers.map(async (theirs) => {
    const outcome = await ask(theirs).catch((error: Error) => [error.message]);
    return [theirs, outcome];
  });
  process.stdout.write(JSON.stringify(Object.fromEntries(await Promise.all(answers))));
} else {
  for (const { namespace } of namespaces) {
    namespace.handlers["up"] = () => namespace.sendToMaster("who").within(HANG).ackd();
  }
  process.send?.("loaded");
}
