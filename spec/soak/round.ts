import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bus } from "../../lib/index.ts";
import type { Ending, Fact, Recorder } from "../oracle/facts.ts";
import { Clients } from "./clients.ts";
import { Crew, type Participant } from "./crew.ts";
import type { Engine } from "./engine.ts";
import { LIMITS } from "./limits.ts";
import { readLog } from "./log.ts";
import { type Action, PLACES, type Step } from "./plan.ts";
import { Relay } from "./relay.ts";
import { block } from "./service.ts";
import type { Speaker } from "./speaker.ts";

/** What a round is made of. */
export interface Script {
  readonly steps: readonly Step[];
  readonly endings: readonly Ending[];
}

/** Performs a script with participants of its own, and ends all of them. */
export class Round {
  readonly #speaker: Speaker;
  readonly #facts: Fact[];
  readonly #directory = mkdtempSync(join(tmpdir(), "clusterphone-soak-"));
  readonly #crew: Crew;
  readonly #clients: Clients;
  readonly #relay: Relay;
  readonly #record: Recorder;
  readonly #places: (Participant | undefined)[] = [];
  readonly #engine: Engine | undefined;
  /** Who is on the way into the mesh. */
  readonly #joining: Promise<void>[] = [];
  readonly #busy = new Set<Promise<void>>();
  /** What did not happen that had to. */
  readonly hanging: string[] = [];

  /** The primary's own facts go to `facts`. */
  constructor(speaker: Speaker, facts: Fact[], engine: Engine | undefined) {
    this.#engine = engine;
    this.#speaker = speaker;
    this.#facts = facts;
    this.#record = (fact) => facts.push(fact);
    this.#crew = new Crew(this.#directory, this.#record, engine?.url);
    this.#relay = new Relay(this.#crew.everybody);
    this.#clients = new Clients(this.#record);
    process.once("exit", this.#removeLogs);
  }

  /** How many messages of one process the primary has forwarded to another. */
  get relayed(): number {
    return this.#relay.relayed;
  }

  /** Resolves when everything has settled, to what all have seen. */
  async perform({ steps, endings }: Script): Promise<Fact[]> {
    await this.#clients.open();
    const start = performance.now();
    for (const { at, place, action } of steps) {
      const wait = start + at - performance.now();
      // Also when it is late: what arrives has to be read.
      await sleep(Math.max(1, wait));
      this.#act(place, action);
    }
    this.#relay.end();
    await this.#end(endings);
    const logs = this.#crew.everybody.map(({ log }) => readLog(log));
    process.off("exit", this.#removeLogs);
    this.#removeLogs();
    return [...this.#facts, ...logs.flat()];
  }

  readonly #removeLogs = (): void => rmSync(this.#directory, { recursive: true, force: true });

  #act(place: number, action: Action): void {
    if (action.do === "block") {
      block(action.ms);
      return;
    }
    if (action.do === "relay") {
      this.#relay.start(action.ms);
      return;
    }
    if (action.do === "harm") {
      this.#engine?.harm(action.how, action.ms, () => this.#crew.remotes, this.#record);
      return;
    }
    if (action.do === "work") {
      for (const [job, saying] of action.jobs) void this.#speaker.say(job, saying);
      return;
    }
    if (action.do === "ask") {
      void this.#speaker.ask(action.group, action.what, (peer) => this.#crew.nameOf(peer));
      return;
    }
    const participant = this.#places[place];
    if (action.do === "spawn") {
      // Whoever is there must go first.
      if (participant && !participant.isOver) return;
      const spawned = this.#crew.start(action.kind, action.serialization, action.seed);
      if (spawned.kind === "remote") {
        this.#joining.push(this.#welcome(place, spawned));
      } else {
        this.#places[place] = spawned;
        this.#say(spawned, action.early);
      }
    } else if (participant) {
      this.#actOn(participant, action);
    }
  }

  /** Nobody can speak to who is remote before it has joined. */
  async #welcome(place: number, participant: Participant): Promise<void> {
    await this.#engine?.joined(participant.name, participant.ended);
    const before = this.#places[place];
    if (before && !before.isOver) participant.kill();
    else this.#places[place] = participant;
  }

  #actOn(
    participant: Participant,
    action: Exclude<Action, { do: "block" | "harm" | "spawn" | "relay" | "work" | "ask" }>,
  ): void {
    switch (action.do) {
      case "say":
        this.#say(participant, action.what);
        break;
      case "flood":
        // To tell a dead one so once or ten thousand times is the same.
        if (participant.isOver) return;
        if (action.stopFor > 0) participant.stop(action.stopFor);
        for (let i = 0; i < action.count; i++) {
          const wantsAck = i % 100 === 99;
          const saying = { namespace: action.namespace, event: "note", wantsAck };
          void this.#speaker.say(participant, saying);
        }
        break;
      case "stop":
        participant.stop(action.ms);
        break;
      case "end":
        this.#tellToEnd(participant, action.how, action.event);
        break;
      case "connect":
        for (let i = 0; i < action.count; i++) this.#do(this.#handOver(participant, action));
        break;
    }
  }

  #say(participant: Participant, what: Extract<Action, { do: "say" }>["what"]): void {
    for (const saying of what) void this.#speaker.say(participant, saying);
  }

  async #handOver(
    participant: Participant,
    { namespace, event, queueHandle, sayToo }: Extract<Action, { do: "connect" }>,
  ): Promise<void> {
    const connection = await this.#clients.accept();
    if (sayToo) this.#say(participant, [{ namespace, event: "echo", wantsAck: true }]);
    connection.handOver(this.#speaker, participant, { namespace, event, queueHandle });
  }

  #tellToEnd(participant: Participant, ending: Ending, namespace: string): void {
    const how = possible(ending, participant);
    if (how === "kill") participant.kill();
    else if (how === "disconnect") participant.disconnect();
    else void this.#speaker.say(participant, { namespace, event: how, wantsAck: true });
  }

  /** Ends everybody who is left, and waits until everything has settled. */
  async #end(endings: readonly Ending[]): Promise<void> {
    await this.#engine?.whole();
    await Promise.all(this.#joining);
    for (let place = 0; place < PLACES; place++) {
      const participant = this.#places[place];
      if (participant && !participant.isOver)
        this.#tellToEnd(participant, endings[place] ?? "kill", "_");
    }
    await Promise.all(this.#crew.everybody.map((each) => this.#endOf(each)));
    for (const name of (await this.#engine?.forgotten()) ?? []) {
      this.hanging.push(`that ${name} is gone`);
    }
    await this.#within("handing over", Promise.all(this.#busy));
    await this.#within("flushed()", bus.flushed());
    await this.#within("every ack", this.#speaker.settled());
    await this.#within("the clients", this.#clientsAreServed());
    await this.#within("the server", this.#clients.close());
  }

  async #endOf(participant: Participant): Promise<void> {
    const { ended } = participant;
    // It takes a while to start, to hear of it, to close, and to let its timers run out.
    const patience = LIMITS.soon + LIMITS.close + 2000;
    const timer = setTimeout(() => participant.kill(), patience);
    await ended;
    clearTimeout(timer);
  }

  async #clientsAreServed(): Promise<void> {
    while (this.#clients.waiting > 0) await sleep(20);
  }

  #do(task: Promise<void>): void {
    this.#busy.add(task);
    void task.then(() => this.#busy.delete(task));
  }

  async #within(what: string, promise: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, LIMITS.soon, "late");
    });
    if ((await Promise.race([promise, late])) === "late") this.hanging.push(what);
    clearTimeout(timer);
  }
}

/** How somebody can end. */
function possible(ending: Ending, { kind }: Participant): Ending {
  // Node keeps a cluster worker alive as long as it has its channel, and a connection whoever has joined.
  if (ending === "finish" && (kind === "worker" || kind === "remote")) return "close";
  return ending === "leave" && kind === "remote" ? "exit" : ending;
}
