// A cluster worker, a forked child or a thread of the soak: serves, chats, and ends as it is told.
import cluster from "node:cluster";
import { isMainThread, workerData } from "node:worker_threads";
import { bus } from "../../lib/index.ts";
import { CRASH_CODE, type Ending, EXIT_CODE, PRIMARY } from "../oracle/facts.ts";
import { Clients } from "./clients.ts";
import { findPrimary } from "./joined.ts";
import { LIMITS } from "./limits.ts";
import { logTo } from "./log.ts";
import { isOfNode } from "./node-faults.ts";
import { feelPulse } from "./pulse.ts";
import { Random } from "./random.ts";
import { NAMESPACES, Service } from "./service.ts";
import { type Addressee, type Saying, Speaker } from "./speaker.ts";

const [name = "", log = "", seed = "0", servers] = isMainThread
  ? process.argv.slice(2)
  : (workerData as string[]);
const random = new Random(Number(seed), name);
const record = logTo(log);
/** Who is remote meets the primary over the mesh. */
const target = servers === undefined ? "parent" : await findPrimary(servers, name);
const parent: Addressee = { name: PRIMARY, target };
/** Nobody is there any more to talk to. */
const isAlone = () => bus.to(target).peer.state === "down";
feelPulse(name, record);
bus.limits.pending = LIMITS.pending;

const crash = (error: unknown) => {
  if (isOfNode(error)) {
    told("exit");
    process.exit(EXIT_CODE);
  }
  const text = error instanceof Error ? String(error.stack) : String(error);
  record({ is: "crashed", at: Date.now(), who: name, text });
  process.exit(CRASH_CODE);
};

process.on("uncaughtException", crash);
process.on("unhandledRejection", crash);
process.on("beforeExit", () => record({ is: "idle", at: Date.now(), who: name }));

const speaker = new Speaker(name, record);
const clients = new Clients(record);
await clients.open();
let chatter: NodeJS.Timeout | undefined;
let isLeaving = false;
const services: Service[] = [];

/** Something to tell the primary. */
function saying(): Saying {
  const namespace = random.pick(["_", "a", "a", "late", "manual"]);
  const event = random.weighted({
    echo: 10,
    note: 6,
    slow: 4,
    fail: 2,
    "fail-late": 1,
    mute: 1,
    typo: 1,
    ask: 2,
  });
  return {
    namespace,
    event,
    wantsAck: event !== "note" && random.chance(0.9),
    timeout: random.pick([undefined, undefined, 30, 300, 2000]),
    length: random.chance(0.1) ? random.between(1, 100_000) : 0,
    ms: random.between(1, 600),
    isBad: random.chance(0.05),
    abortAfter: random.chance(0.1) ? random.between(0, 200) : undefined,
  };
}

function say(count: number, what: () => Saying): void {
  for (let i = 0; i < count; i++) void speaker.say(parent, what());
}

function chat(): void {
  chatter = setTimeout(
    () => {
      // One that was gone before we came is not reported down.
      if (isAlone()) fallSilent();
      if (isLeaving) return;
      if (random.chance(0.1)) void handOver();
      if (random.chance(0.02))
        say(random.between(1000, 8000), () => ({ namespace: "a", event: "note" }));
      else say(random.between(1, 15), saying);
      chat();
    },
    random.between(5, 150),
  );
}

/** A connection of its own goes up. */
async function handOver(): Promise<void> {
  const connection = await clients.accept();
  connection.handOver(speaker, parent, {
    namespace: random.pick(["_", "a", "late"]),
    event: random.pick(["socket", "socket", "socket", "echo"]),
    queueHandle: random.chance(0.7),
  });
}

function fallSilent(): void {
  isLeaving = true;
  clients.stop();
  clearTimeout(chatter);
}

function told(what: Ending): void {
  record({ is: "told", at: Date.now(), who: name, what });
}

function serve(namespace: string, ready?: "manual"): Service {
  const service = new Service(namespace, speaker, record, ready);
  services.push(service);
  service.on("exit", () => {
    told("exit");
    process.exit(EXIT_CODE);
  });
  service.on("leave", () => {
    told("leave");
    // After the listeners of the tick, as a channel that is read must not be closed.
    setImmediate(() => leave());
  });
  service.on("finish", () => {
    if (isLeaving) return;
    told("finish");
    fallSilent();
    setImmediate(finish);
  });
  service.on("close", () => {
    if (isLeaving) return;
    told("close");
    fallSilent();
    const start = Date.now();
    void bus.close({ timeout: LIMITS.close }).then(() => {
      record({ is: "closed", at: Date.now(), who: name, took: Date.now() - start });
      // Node keeps a cluster worker alive as long as it has its channel.
      cluster.worker?.disconnect();
    });
  });
  return service;
}

/** Says a last word, and has nothing to do any more. */
function finish(): void {
  say(random.between(1, 300), () => ({ namespace: "a", event: "note" }));
  for (const service of services) service.off();
}

function leave(): void {
  if (!isMainThread) process.exit(EXIT_CODE);
  if (process.connected) process.disconnect();
}

bus.lifecycle.on("down", (peer) => {
  if (peer !== bus.to(target).peer || isLeaving) return;
  fallSilent();
  // It has to be told so, not to wait.
  say(3, saying);
});

say(random.between(0, 20), saying);
setTimeout(
  () => {
    for (const namespace of NAMESPACES.atOnce) serve(namespace);
    chat();
  },
  random.between(0, 100),
);
setTimeout(() => isLeaving || serve(NAMESPACES.late), random.between(200, 2000));
const manual = serve(NAMESPACES.manual, "manual");
setTimeout(() => isLeaving || manual.ready(), random.between(100, 1000));

// Whatever happens, it does not outlive the soak. The timer is no reason to stay.
let alone = 0;
setInterval(() => {
  if (!isMainThread || !(servers === undefined ? !process.connected : isAlone())) return;
  alone += LIMITS.look;
  if (alone >= LIMITS.outlive) crash("it was still there long after its channel");
}, LIMITS.look).unref();
