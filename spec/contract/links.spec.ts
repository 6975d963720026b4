import { type ChildProcess, fork, spawn } from "node:child_process";
import cluster from "node:cluster";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { MessageChannel, Worker } from "node:worker_threads";
import { expect } from "chai";
import { type Bus, bus, type PeerTarget } from "../../lib/index.ts";
import { join, type Mesh } from "../../lib/nats/index.ts";
import { busPair } from "../support/buses.ts";
import { NatsServer, needsServer } from "../support/nats.ts";
import { cases } from "./cases.ts";
import { arrivesAs, type Carry, carry, describePayload, samples } from "./samples.ts";
import { LATE_SAMPLES, SERVICE, serve } from "./service.ts";

const entry = new URL(`../workers/contract${import.meta.url.slice(-3)}`, import.meta.url);

/** One link, just made: nothing has been said on it yet. */
interface Harness {
  readonly central: Bus;
  readonly target: PeerTarget;
  /** What the channel does to a payload. */
  readonly carry: Carry;
  /** From now on the other side listens, where it has waited for that. */
  begin?(): void;
  stop(): Promise<unknown> | undefined;
}

const links: Record<string, () => Harness | Promise<Harness>> = {
  "memory, json": () => memory("json"),
  "memory, structured clone": () => memory("clone"),
  "forked child, json": () => child("json"),
  "forked child, advanced": () => child("advanced"),
  "cluster worker, json": () => worker("json"),
  "cluster worker, advanced": () => worker("advanced"),
  "worker thread": () => {
    const thread = new Worker(entry);
    return { central: bus, target: thread, carry: carry.clone, stop: () => thread.terminate() };
  },
  "message port": () => {
    const { port1, port2 } = new MessageChannel();
    const thread = new Worker(entry, { workerData: { port: port2 }, transferList: [port2] });
    return { central: bus, target: port1, carry: carry.clone, stop: () => thread.terminate() };
  },
  "nats, json": () => remote("json"),
  "nats, advanced": () => remote("advanced"),
};

// The other sides talk to the bus of this process.
serve(bus, undefined);

function memory(serialization: "json" | "clone"): Harness {
  const { a, toB, b, toA, cut } = busPair(serialization);
  serve(a, toB);
  serve(b, toA);
  return {
    central: a,
    target: toB,
    carry: carry[serialization],
    stop() {
      cut();
      return undefined;
    },
  };
}

function child(serialization: "json" | "advanced"): Harness {
  const forked = fork(entry, { execArgv: [], serialization });
  const stop = () => ended(forked);
  return { central: bus, target: forked, carry: carry[serialization], stop };
}

function worker(serialization: "json" | "advanced"): Harness {
  cluster.setupPrimary({ exec: entry.pathname, execArgv: [], serialization });
  const forked = cluster.fork();
  const stop = () => ended(forked.process);
  return { central: bus, target: forked, carry: carry[serialization], stop };
}

let server: NatsServer | undefined;
const meshes = new Map<string, Promise<Mesh>>();
let others = 0;

/** Nothing of it may run while other specs have timers of their own. */
async function leaveMeshes(): Promise<void> {
  for (const mesh of meshes.values()) await (await mesh).leave();
  meshes.clear();
  await server?.remove();
  server = undefined;
}

/** A process that is reached over a server, and nothing else. */
async function remote(serialization: "json" | "advanced"): Promise<Harness> {
  server ??= await new NatsServer().start();
  const known = meshes.get(serialization);
  const joined =
    known ??
    join(bus, { name: "suite", servers: server.url, prefix: serialization, serialization });
  meshes.set(serialization, joined);
  const mesh = await joined;
  const instance = `other-${++others}`;
  const entryOfRemote = new URL(`../workers/contract-nats${import.meta.url.slice(-3)}`, entry);
  const parameters = [server.url, serialization, serialization, instance];
  const spawned = spawn(process.execPath, [fileURLToPath(entryOfRemote), ...parameters], {
    stdio: ["pipe", "inherit", "inherit"],
  });
  const member = () => mesh.members.find((each) => each.instance === instance);
  let found = member();
  for (; !found; found = member()) await once(mesh as never, "join");
  let hasBegun = false;
  return {
    central: bus,
    target: found.peer,
    carry: carry[serialization],
    begin() {
      if (!hasBegun) spawned.stdin.write("begin\n");
      hasBegun = true;
    },
    stop: () => ended(spawned),
  };
}

function ended(process: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    process.once("exit", () => resolve());
    process.kill("SIGKILL");
  });
}

/** In the same turn where that is possible: in memory two buses know each other a turn later. */
function making(
  connect: () => Harness | Promise<Harness>,
  take: (made: Harness) => void,
): Promise<void> | undefined {
  const made = connect();
  if (made instanceof Promise) return made.then(take);
  take(made);
  return undefined;
}

for (const [name, connect] of Object.entries(links)) {
  describe(`on a link: ${name}`, () => {
    let harness: Harness;

    before(function () {
      if (name.startsWith("nats")) needsServer(this);
      return making(connect, (made) => {
        harness = made;
      });
    });

    after(async () => {
      await harness?.stop();
      await leaveMeshes();
    });

    it("delivers, in order and with replies, 1,000 messages emitted before the other side is up", async () => {
      const { central, target } = harness;
      const peer = central.ns(SERVICE).to(target);
      expect(peer.peer.isReady(SERVICE)).to.equal(false);
      setImmediate(() => harness.begin?.());
      const order: number[] = [];
      const replies = await Promise.all(
        Array.from({ length: 1000 }, (_, i) => {
          peer.emit("note", i);
          return peer
            .emit("echo", i)
            .ackd()
            .then((reply) => {
              order.push(i);
              return reply;
            });
        }),
      );
      const expected = Array.from({ length: 1000 }, (_, i) => i);
      expect(replies).to.deep.equal(expected);
      expect(order).to.deep.equal(expected);
      expect(await peer.emit("noted").ackd()).to.deep.equal(expected);
    });

    describe("carries what the channel itself would, with its changes and no others", () => {
      let fresh: Harness;
      const names = Object.keys(samples);

      before(() =>
        making(connect, (made) => {
          fresh = made;
        }),
      );

      after(() => fresh.stop());

      /** What the other side says of each sample, and what each is there if it crosses by itself. */
      async function compare(namespace: string, meanwhile?: () => Promise<unknown>): Promise<void> {
        const peer = fresh.central.ns(namespace).to(fresh.target);
        const described = names.map((name) => peer.emit("describe", samples[name]).ackd());
        const settled = Promise.allSettled(described);
        fresh.begin?.();
        await meanwhile?.();
        for (const [i, result] of (await settled).entries()) {
          const name = names[i] ?? "";
          const expected = arrivesAs(samples[name], fresh.carry);
          if (result.status === "fulfilled") expect(result.value, name).to.equal(expected);
          else expect(result.reason, name).to.have.property("code", "ERR_NOT_SERIALIZABLE");
          expect(result.status, name).to.equal(expected === undefined ? "rejected" : "fulfilled");
        }
      }

      it("while nothing is known of the other side", () => compare(SERVICE));

      it("in the frame of this turn", () => compare(SERVICE));

      it("while it waits for its namespace", () =>
        compare(LATE_SAMPLES, () =>
          fresh.central.ns(SERVICE).to(fresh.target).emit("open-late-samples").ackd(),
        ));

      it("in a reply", async () => {
        const peer = fresh.central.ns(SERVICE).to(fresh.target);
        const replies = await Promise.allSettled(
          names.map((name) => peer.emit("sample", name).ackd()),
        );
        for (const [i, result] of replies.entries()) {
          const name = names[i] ?? "";
          const expected = arrivesAs(samples[name], fresh.carry);
          if (result.status === "fulfilled") {
            expect(describePayload(result.value), name).to.equal(expected);
          } else {
            expect(result.reason, name).to.have.property("code", "ERR_NOT_SERIALIZABLE");
          }
          expect(result.status, name).to.equal(expected === undefined ? "rejected" : "fulfilled");
        }
      });
    });

    for (const { title, run } of cases) {
      it(title, () => {
        harness.begin?.();
        return run(harness.central, harness.target);
      });
    }

    describe("from the other side", () => {
      for (const { title } of cases) {
        it(title, async () => {
          const { central, target } = harness;
          harness.begin?.();
          await central.ns(SERVICE).to(target).emit("run-case", title).ackd();
        });
      }
    });
  });
}
